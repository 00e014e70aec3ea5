module VegetationDataType
  ! Stand-in: state of patches.
  use shr_kind_mod , only : r8 => shr_kind_r8
  use elm_varcon   , only : spval
  implicit none
  save
  private

  type, public :: vegetation_carbon_state
     real(r8), pointer :: frootc     (:) => null()
     real(r8), pointer :: livecrootc (:) => null()
     real(r8), pointer :: deadcrootc (:) => null()
   contains
     procedure, public :: Init => veg_cs_init
  end type vegetation_carbon_state

  type, public :: vegetation_carbon_flux
     real(r8), pointer :: hrv_livecrootc_to_litter    (:) => null()
     real(r8), pointer :: hrv_deadcrootc_to_litter    (:) => null()
     real(r8), pointer :: m_livecrootc_to_fire        (:) => null()
     real(r8), pointer :: m_deadcrootc_to_fire        (:) => null()
     real(r8), pointer :: m_livecrootc_to_litter_fire (:) => null()
     real(r8), pointer :: m_deadcrootc_to_litter_fire (:) => null()
   contains
     procedure, public :: Init => veg_cf_init
  end type vegetation_carbon_flux

  type(vegetation_carbon_state), public, target :: veg_cs
  type(vegetation_carbon_flux) , public, target :: veg_cf

contains

  ! In SP mode nobody calls this: the pointers stay null.
  subroutine veg_cs_init(this, begp, endp)
    class(vegetation_carbon_state) :: this
    integer, intent(in) :: begp, endp

    allocate(this%frootc     (begp:endp)) ; this%frootc     (:) = spval
    allocate(this%livecrootc (begp:endp)) ; this%livecrootc (:) = spval
    allocate(this%deadcrootc (begp:endp)) ; this%deadcrootc (:) = spval
  end subroutine veg_cs_init

  subroutine veg_cf_init(this, begp, endp)
    class(vegetation_carbon_flux) :: this
    integer, intent(in) :: begp, endp

    allocate(this%hrv_livecrootc_to_litter    (begp:endp)) ; this%hrv_livecrootc_to_litter    (:) = spval
    allocate(this%hrv_deadcrootc_to_litter    (begp:endp)) ; this%hrv_deadcrootc_to_litter    (:) = spval
    allocate(this%m_livecrootc_to_fire        (begp:endp)) ; this%m_livecrootc_to_fire        (:) = spval
    allocate(this%m_deadcrootc_to_fire        (begp:endp)) ; this%m_deadcrootc_to_fire        (:) = spval
    allocate(this%m_livecrootc_to_litter_fire (begp:endp)) ; this%m_livecrootc_to_litter_fire (:) = spval
    allocate(this%m_deadcrootc_to_litter_fire (begp:endp)) ; this%m_deadcrootc_to_litter_fire (:) = spval
  end subroutine veg_cf_init

end module VegetationDataType
