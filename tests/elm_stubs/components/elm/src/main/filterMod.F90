module filterMod
  ! Stand-in: which columns of a clump are soil.
  implicit none
  private

  type clumpfilter
     integer, pointer :: soilc(:)
     integer :: num_soilc
  end type clumpfilter
  public clumpfilter

  type(clumpfilter), allocatable, public :: filter(:)
end module filterMod
