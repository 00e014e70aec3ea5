module stub_files
  ! Arrays as raw doubles, one file each, so that numpy reads and writes them. -fconvert=big-endian makes them '>f8'.
  ! In a file the items of all processors stand side by side: (items, levels, records), the first fastest.
  use abortutils   , only : endrun
  use decompMod    , only : stub_before, stub_total
  use shr_kind_mod , only : r8 => shr_kind_r8
  use spmdMod      , only : iam, masterproc, mpicom, npes
  implicit none
  private
  public :: read_items, write_items, has_file

contains

  logical function has_file(path)
    character(len=*), intent(in) :: path

    inquire(file=path, exist=has_file)
  end function has_file

  ! The processor's items, all levels of a record.
  subroutine read_items(path, of, record, values)
    character(len=*), intent(in)  :: path
    integer         , intent(in)  :: of           ! gridcells, topounits, columns or patches
    integer         , intent(in)  :: record       ! from 0
    real(r8)        , intent(out) :: values(:,:)  ! (items of the processor, levels)
    integer :: unit, status, k, at

    open(newunit=unit, file=path, access='stream', form='unformatted', status='old', action='read', iostat=status)
    if (status /= 0) call endrun(msg=' stand-in: no file ' // path)
    do k = 1, size(values, 2)
       at = (record * size(values, 2) + k - 1) * stub_total(of) + stub_before(of)
       read(unit, pos=8 * at + 1, iostat=status) values(:, k)
       if (status /= 0) call endrun(msg=' stand-in: ' // path // ' is too short')
    end do
    close(unit)
  end subroutine read_items

  ! The processors take turns. Record 0 begins a file, others are put behind.
  subroutine write_items(path, of, record, values)
    character(len=*), intent(in) :: path
    integer         , intent(in) :: of
    integer         , intent(in) :: record
    real(r8)        , intent(in) :: values(:,:)
    integer :: unit, rank, k, at, error

    if (masterproc .and. record == 0) then
       open(newunit=unit, file=path, status='replace', action='write')
       close(unit)
    end if
    do rank = 0, npes - 1
       call mpi_barrier(mpicom, error)
       if (rank /= iam) cycle
       open(newunit=unit, file=path, access='stream', form='unformatted', status='old', action='readwrite')
       do k = 1, size(values, 2)
          at = (record * size(values, 2) + k - 1) * stub_total(of) + stub_before(of)
          write(unit, pos=8 * at + 1) values(:, k)
       end do
       close(unit)
    end do
    call mpi_barrier(mpicom, error)
  end subroutine write_items

end module stub_files
