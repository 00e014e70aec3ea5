module abortutils
  ! Stand-in: the end of all processors.
  use, intrinsic :: iso_c_binding, only : c_int
  implicit none
  private
  public :: endrun

  interface endrun
     module procedure endrun_vanilla
  end interface endrun

  interface
     integer(c_int) function usleep(microseconds) bind(c)
       import :: c_int
       integer(c_int), value :: microseconds
     end function usleep
  end interface

contains

  subroutine endrun_vanilla(msg)
    use elm_varctl , only : iulog
    use mpi        , only : mpi_abort, MPI_COMM_WORLD
    character(len=*), intent(in), optional :: msg
    integer :: error, ignored

    if (present(msg)) write(iulog, '(a)') 'ENDRUN:' // msg
    flush(iulog)
    ignored = usleep(300000_c_int)  ! so that every processor that speaks is heard
    call mpi_abort(MPI_COMM_WORLD, 2, error)
    stop 2
  end subroutine endrun_vanilla

end module abortutils
