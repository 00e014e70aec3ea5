module elm_finalizeMod
  ! Stand-in: the end of a run.
  implicit none
  public :: final

contains

  subroutine final( )
    use elm_varctl , only : iulog
    implicit none
    write(iulog, '(a)') 'end of the stand-in run'
  end subroutine final

end module elm_finalizeMod
