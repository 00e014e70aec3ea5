module elm_varpar
  ! Stand-in: numbers of levels.
  implicit none
  public
  integer :: nlevsoi = 10
  integer :: nlevgrnd = 15
  integer :: nlevsno = 5
end module elm_varpar
