module abortutils
  ! Stand-in: the end of all processors.
  implicit none
  private
  public :: endrun

  interface endrun
     module procedure endrun_vanilla
  end interface endrun

contains

  subroutine endrun_vanilla(msg)
    use elm_varctl , only : iulog
    use mpi        , only : mpi_abort, MPI_COMM_WORLD
    character(len=*), intent(in), optional :: msg
    integer :: error

    if (present(msg)) write(iulog, '(a)') 'ENDRUN:' // msg
    flush(iulog)
    call mpi_abort(MPI_COMM_WORLD, 2, error)
    stop 2
  end subroutine endrun_vanilla

end module abortutils
