module SoilHydrologyType
  ! Stand-in: water tables.
  use shr_kind_mod , only : r8 => shr_kind_r8
  use decompMod    , only : bounds_type
  use elm_varcon   , only : spval
  implicit none
  save
  private

  type, public :: soilhydrology_type
     real(r8), pointer :: frost_table_col (:) => null()
     real(r8), pointer :: zwt_col         (:) => null()
     real(r8), pointer :: zwt_perched_col (:) => null()
   contains
     procedure, public :: Init
  end type soilhydrology_type

contains

  subroutine Init(this, bounds)
    class(soilhydrology_type) :: this
    type(bounds_type), intent(in) :: bounds

    associate(begc => bounds%begc, endc => bounds%endc)
    allocate(this%frost_table_col (begc:endc)) ; this%frost_table_col (:) = spval
    allocate(this%zwt_col         (begc:endc)) ; this%zwt_col         (:) = spval
    allocate(this%zwt_perched_col (begc:endc)) ; this%zwt_perched_col (:) = spval
    end associate
  end subroutine Init

end module SoilHydrologyType
