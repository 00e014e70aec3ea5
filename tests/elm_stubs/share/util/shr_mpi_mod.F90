module shr_mpi_mod
  ! Stand-in: the few MPI wrappers that the component calls, over MPI itself.
  use mpi
  use shr_kind_mod, only : SHR_KIND_IN, SHR_KIND_R8
  implicit none
  private
  public :: shr_mpi_bcast, shr_mpi_sum, shr_mpi_barrier

  interface shr_mpi_bcast
     module procedure shr_mpi_bcastl0, shr_mpi_bcastc0, shr_mpi_bcasti0, shr_mpi_bcasti1, shr_mpi_bcastr0
  end interface shr_mpi_bcast
  interface shr_mpi_sum
     module procedure shr_mpi_sumr1
  end interface shr_mpi_sum

contains

  subroutine shr_mpi_bcastl0(vec, comm, string, pebcast)
    logical, intent(inout) :: vec
    integer(SHR_KIND_IN), intent(in) :: comm
    character(*), optional, intent(in) :: string
    integer(SHR_KIND_IN), optional, intent(in) :: pebcast
    integer :: error

    call mpi_bcast(vec, 1, MPI_LOGICAL, root(pebcast), comm, error)
    if (error /= MPI_SUCCESS .and. present(string)) print *, string
  end subroutine shr_mpi_bcastl0

  subroutine shr_mpi_bcastc0(vec, comm, string, pebcast)
    character(len=*), intent(inout) :: vec
    integer(SHR_KIND_IN), intent(in) :: comm
    character(*), optional, intent(in) :: string
    integer(SHR_KIND_IN), optional, intent(in) :: pebcast
    integer :: error

    call mpi_bcast(vec, len(vec), MPI_CHARACTER, root(pebcast), comm, error)
    if (error /= MPI_SUCCESS .and. present(string)) print *, string
  end subroutine shr_mpi_bcastc0

  subroutine shr_mpi_bcasti0(vec, comm, string, pebcast)
    integer(SHR_KIND_IN), intent(inout) :: vec
    integer(SHR_KIND_IN), intent(in) :: comm
    character(*), optional, intent(in) :: string
    integer(SHR_KIND_IN), optional, intent(in) :: pebcast
    integer :: error

    call mpi_bcast(vec, 1, MPI_INTEGER, root(pebcast), comm, error)
    if (error /= MPI_SUCCESS .and. present(string)) print *, string
  end subroutine shr_mpi_bcasti0

  subroutine shr_mpi_bcasti1(vec, comm, string, pebcast)
    integer(SHR_KIND_IN), intent(inout) :: vec(:)
    integer(SHR_KIND_IN), intent(in) :: comm
    character(*), optional, intent(in) :: string
    integer(SHR_KIND_IN), optional, intent(in) :: pebcast
    integer :: error

    call mpi_bcast(vec, size(vec), MPI_INTEGER, root(pebcast), comm, error)
    if (error /= MPI_SUCCESS .and. present(string)) print *, string
  end subroutine shr_mpi_bcasti1

  subroutine shr_mpi_bcastr0(vec, comm, string, pebcast)
    real(SHR_KIND_R8), intent(inout) :: vec
    integer(SHR_KIND_IN), intent(in) :: comm
    character(*), optional, intent(in) :: string
    integer(SHR_KIND_IN), optional, intent(in) :: pebcast
    integer :: error

    call mpi_bcast(vec, 1, MPI_REAL8, root(pebcast), comm, error)
    if (error /= MPI_SUCCESS .and. present(string)) print *, string
  end subroutine shr_mpi_bcastr0

  subroutine shr_mpi_sumr1(lvec, gvec, comm, string, all)
    real(SHR_KIND_R8), intent(in) :: lvec(:)
    real(SHR_KIND_R8), intent(out) :: gvec(:)  ! on the root only, unless all
    integer(SHR_KIND_IN), intent(in) :: comm
    character(*), optional, intent(in) :: string
    logical, optional, intent(in) :: all
    logical :: everywhere
    integer :: error

    everywhere = .false.
    if (present(all)) everywhere = all
    if (everywhere) then
       call mpi_allreduce(lvec, gvec, size(lvec), MPI_REAL8, MPI_SUM, comm, error)
    else
       call mpi_reduce(lvec, gvec, size(lvec), MPI_REAL8, MPI_SUM, 0, comm, error)
    end if
    if (error /= MPI_SUCCESS .and. present(string)) print *, string
  end subroutine shr_mpi_sumr1

  subroutine shr_mpi_barrier(comm, string)
    integer, intent(in) :: comm
    character(*), optional, intent(in) :: string
    integer :: error

    call mpi_barrier(comm, error)
    if (error /= MPI_SUCCESS .and. present(string)) print *, string
  end subroutine shr_mpi_barrier

  pure integer function root(pebcast)
    integer(SHR_KIND_IN), optional, intent(in) :: pebcast

    root = 0
    if (present(pebcast)) root = pebcast
  end function root

end module shr_mpi_mod
