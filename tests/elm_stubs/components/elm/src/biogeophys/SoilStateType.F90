module SoilStateType
  ! Stand-in: soil properties.
  use shr_kind_mod , only : r8 => shr_kind_r8
  use decompMod    , only : bounds_type
  use elm_varpar   , only : nlevgrnd
  use elm_varcon   , only : spval
  implicit none
  save
  private

  type, public :: soilstate_type
     real(r8), pointer :: cellsand_col (:,:)
     real(r8), pointer :: cellclay_col (:,:)
     real(r8), pointer :: bsw_col      (:,:)
     real(r8), pointer :: watsat_col   (:,:)
     real(r8), pointer :: sucsat_col   (:,:)
     real(r8), pointer :: rootfr_patch (:,:)
   contains
     procedure, public :: Init
  end type soilstate_type

contains

  subroutine Init(this, bounds)
    class(soilstate_type) :: this
    type(bounds_type), intent(in) :: bounds

    associate(begc => bounds%begc, endc => bounds%endc, begp => bounds%begp, endp => bounds%endp, &
         begc_all => bounds%begc_all, endc_all => bounds%endc_all)
    allocate(this%cellsand_col (begc:endc,nlevgrnd))         ; this%cellsand_col (:,:) = spval
    allocate(this%cellclay_col (begc:endc,nlevgrnd))         ; this%cellclay_col (:,:) = spval
    allocate(this%bsw_col      (begc_all:endc_all,nlevgrnd)) ; this%bsw_col      (:,:) = spval
    allocate(this%watsat_col   (begc_all:endc_all,nlevgrnd)) ; this%watsat_col   (:,:) = spval
    allocate(this%sucsat_col   (begc_all:endc_all,nlevgrnd)) ; this%sucsat_col   (:,:) = spval
    allocate(this%rootfr_patch (begp:endp,1:nlevgrnd))       ; this%rootfr_patch (:,:) = spval
    end associate
  end subroutine Init

end module SoilStateType
