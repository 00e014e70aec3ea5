module topounit_varcon
  ! Stand-in: topographic units.
  implicit none
  private
  integer, public :: max_topounits
end module topounit_varcon
