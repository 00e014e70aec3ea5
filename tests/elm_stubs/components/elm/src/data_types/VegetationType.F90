module VegetationType
  ! Stand-in: patches.
  use shr_kind_mod , only : r8 => shr_kind_r8
  use elm_varcon   , only : ispval, spval
  implicit none
  save
  private

  type, public :: vegetation_physical_properties
     real(r8), pointer :: wtcol  (:) => null()
     integer , pointer :: itype  (:) => null()
     logical , pointer :: active (:) => null()
   contains
     procedure, public :: Init => veg_pp_init
  end type vegetation_physical_properties

  type(vegetation_physical_properties), public, target :: veg_pp

contains

  subroutine veg_pp_init(this, begp, endp)
    class(vegetation_physical_properties) :: this
    integer, intent(in) :: begp, endp

    allocate(this%wtcol  (begp:endp)) ; this%wtcol  (:) = spval
    allocate(this%itype  (begp:endp)) ; this%itype  (:) = ispval
    allocate(this%active (begp:endp)) ; this%active (:) = .false.
  end subroutine veg_pp_init

end module VegetationType
