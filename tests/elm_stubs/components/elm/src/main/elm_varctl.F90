module elm_varctl
  ! Stand-in: control variables.
  implicit none
  public
  integer, parameter, private :: fname_len = 256

  integer, public :: iulog = 6
  character(len=fname_len), public :: fsurdat = ' '
  logical, public :: use_fates = .false.
  logical, public :: use_cn = .false.
end module elm_varctl
