module TopounitDataType
  ! Stand-in: what the atmosphere gives to topographic units.
  use shr_kind_mod , only : r8 => shr_kind_r8
  use elm_varcon   , only : spval
  implicit none
  save
  private

  type, public :: topounit_atmospheric_flux
     real(r8), pointer :: rain (:) => null()
   contains
     procedure, public :: Init => init_top_af
  end type topounit_atmospheric_flux

  type(topounit_atmospheric_flux), public, target :: top_af

contains

  subroutine init_top_af(this, begt, endt)
    class(topounit_atmospheric_flux) :: this
    integer, intent(in) :: begt, endt

    allocate(this%rain (begt:endt)) ; this%rain (:) = spval
  end subroutine init_top_af

end module TopounitDataType
