module spmdMod
  ! Stand-in: the processors.
  implicit none
  private
  logical, public :: masterproc
  integer, public :: iam
  integer, public :: npes
  integer, public :: mpicom
  public :: spmd_init

contains

  subroutine spmd_init(clm_mpicom)
    integer, intent(in) :: clm_mpicom
    integer :: error

    mpicom = clm_mpicom
    call mpi_comm_rank(mpicom, iam, error)
    call mpi_comm_size(mpicom, npes, error)
    masterproc = iam == 0
  end subroutine spmd_init

end module spmdMod
