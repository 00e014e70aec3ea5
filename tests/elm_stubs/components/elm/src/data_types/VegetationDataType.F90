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

  type(vegetation_carbon_state), public, target :: veg_cs

contains

  ! In SP mode nobody calls this: the pointers stay null.
  subroutine veg_cs_init(this, begp, endp)
    class(vegetation_carbon_state) :: this
    integer, intent(in) :: begp, endp

    allocate(this%frootc     (begp:endp)) ; this%frootc     (:) = spval
    allocate(this%livecrootc (begp:endp)) ; this%livecrootc (:) = spval
    allocate(this%deadcrootc (begp:endp)) ; this%deadcrootc (:) = spval
  end subroutine veg_cs_init

end module VegetationDataType
