module VegStructUpdateMod
  ! Stand-in: the last of the vegetation's routines in a step.
  implicit none
  private
  public :: VegStructUpdate

contains

  subroutine VegStructUpdate(num_soilp)
    integer, intent(in) :: num_soilp
    if (num_soilp < 0) stop 'VegStructUpdate: no filter'
  end subroutine VegStructUpdate

end module VegStructUpdateMod
