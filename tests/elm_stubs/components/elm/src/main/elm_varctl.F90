module elm_varctl
  ! Stand-in: control variables.
  implicit none
  public
  integer, parameter, private :: fname_len = 256

  integer, public :: iulog = 6
  character(len=fname_len), public :: fsurdat = ' '
  character(len=fname_len), public :: finidat = ' '
  integer, public :: nsrest = 0
  integer, public :: spinup_state = 0
  integer, public, parameter :: nsrStartup = 0
  logical, public :: single_column = .false.
  logical, public :: use_fates = .false.
  logical, public :: use_cn = .false.
end module elm_varctl
