module GridcellType
  ! Stand-in: gridcells.
  use shr_kind_mod , only : r8 => shr_kind_r8
  use elm_varcon   , only : ispval, spval
  implicit none
  save
  private

  type, public :: gridcell_physical_properties_type
     real(r8), pointer :: latdeg (:) => null()
     real(r8), pointer :: londeg (:) => null()
     integer , pointer :: topi   (:) => null()
     integer , pointer :: topf   (:) => null()
   contains
     procedure, public :: Init => grc_pp_init
  end type gridcell_physical_properties_type

  type(gridcell_physical_properties_type), public, target :: grc_pp

contains

  subroutine grc_pp_init(this, begg, endg)
    class(gridcell_physical_properties_type) :: this
    integer, intent(in) :: begg, endg

    allocate(this%latdeg (begg:endg)) ; this%latdeg (:) = spval
    allocate(this%londeg (begg:endg)) ; this%londeg (:) = spval
    allocate(this%topi   (begg:endg)) ; this%topi   (:) = ispval
    allocate(this%topf   (begg:endg)) ; this%topf   (:) = ispval
  end subroutine grc_pp_init

end module GridcellType
