module LakeStateType
  ! Stand-in: a component with restart variables, beside whose calls the hooks stand.
  use decompMod , only : bounds_type
  use ncdio_pio , only : file_desc_t
  implicit none
  save
  private

  type, public :: lakestate_type
   contains
     procedure, public :: Restart
  end type lakestate_type

contains

  subroutine Restart(this, bounds, ncid, flag)
    class(lakestate_type) :: this
    type(bounds_type), intent(in) :: bounds
    type(file_desc_t), intent(inout) :: ncid
    character(len=*), intent(in) :: flag

    if (flag == ' ' .or. ncid%folder == ' ' .or. bounds%level /= 1) stop 'lakestate: bad arguments'
  end subroutine Restart

end module LakeStateType
