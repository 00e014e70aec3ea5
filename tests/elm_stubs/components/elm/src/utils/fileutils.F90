module fileutils
  ! Stand-in: finding a file.
  use abortutils, only : endrun
  implicit none
  private
  public :: getfil

contains

  subroutine getfil(fulpath, locfn, iflag)
    character(len=*), intent(in)  :: fulpath
    character(len=*), intent(out) :: locfn
    integer,          intent(in)  :: iflag  ! 0: stop where there is no file
    logical :: exists

    locfn = fulpath
    inquire(file=trim(fulpath) // '/.', exist=exists)
    if (.not. exists .and. iflag == 0) call endrun(msg=' GETFIL: no ' // trim(fulpath))
  end subroutine getfil

end module fileutils
