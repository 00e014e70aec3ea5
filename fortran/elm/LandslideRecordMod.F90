module LandslideRecordMod

  !-----------------------------------------------------------------------
  ! !DESCRIPTION:
  ! Writes what goes into the network and what comes out, bit for bit, for `elm-landslide replay`: one file for each
  ! clump, landslide_record<instance>.<processor>.<clump>.bin in the run directory, one record for each time step.
  ! For short runs only: a record takes about a kilobyte for each column.
  !
  ! A record: magic, version, number of columns, inputs and outputs, year, month, day, time of day (32-bit integers);
  ! then of each column latitude, longitude (degrees) and area weight on the gridcell; x, y in Fortran order (doubles);
  ! flag (32-bit integers). The magic number tells the byte order.
  !
  ! !USES:
  use, intrinsic :: iso_fortran_env, only : int32
  use ColumnType          , only : col_pp
  use decompMod           , only : bounds_type, get_proc_clumps
  use elm_instance        , only : inst_suffix
  use GridcellType        , only : grc_pp
  use LandslideControlMod , only : LandslideAbort
  use shr_kind_mod        , only : r8 => shr_kind_r8
  use spmdMod             , only : iam
  !
  implicit none
  private
  !
  ! !PUBLIC MEMBER FUNCTIONS:
  public :: LandslideStartRecords  ! remove what an earlier run left
  public :: LandslideWriteRecord   ! add a time step
  !
  ! !PRIVATE DATA:
  integer(int32), parameter :: magic = 1280528210_int32  ! 'LSRR'
  integer(int32), parameter :: version = 1_int32
  !-----------------------------------------------------------------------

contains

  !-----------------------------------------------------------------------
  subroutine LandslideStartRecords()
    !
    ! !LOCAL VARIABLES:
    character(len=512) :: reason
    integer            :: clump, unit, status
    !-----------------------------------------------------------------------

    do clump = 1, get_proc_clumps()
       open(newunit=unit, file=file_of(clump), status='replace', action='write', iostat=status, iomsg=reason)
       if (status /= 0) call LandslideAbort(file_of(clump) // ' cannot be written: ' // trim(reason))
       close(unit, status='delete')
    end do

  end subroutine LandslideStartRecords

  !-----------------------------------------------------------------------
  subroutine LandslideWriteRecord(bounds, columns, x, y, flag)
    !
    ! !USES:
    use elm_time_manager , only : get_curr_date
    !
    ! !ARGUMENTS:
    type(bounds_type), intent(in) :: bounds      ! of the clump
    integer          , intent(in) :: columns(:)  ! indices
    real(r8)         , intent(in) :: x(:,:)      ! (columns, inputs)
    real(r8)         , intent(in) :: y(:,:)      ! (columns, outputs)
    integer          , intent(in) :: flag(:)     ! (columns)
    !
    ! !LOCAL VARIABLES:
    integer            :: year, month, day, tod, unit, status
    character(len=512) :: reason
    !-----------------------------------------------------------------------

    call get_curr_date(year, month, day, tod)
    associate(g => col_pp%gridcell(columns))
    open(newunit=unit, file=file_of(bounds%clump_index), access='stream', form='unformatted', position='append', &
         status='unknown', action='write', iostat=status, iomsg=reason)
    if (status == 0) write(unit, iostat=status, iomsg=reason) magic, version, int(shape(x), int32), &
         int(size(y, 2), int32), int([year, month, day, tod], int32), &
         grc_pp%latdeg(g), grc_pp%londeg(g), col_pp%wtgcell(columns), x, y, int(flag, int32)
    if (status == 0) close(unit, iostat=status, iomsg=reason)
    end associate
    if (status /= 0) call LandslideAbort(file_of(bounds%clump_index) // ': ' // trim(reason))

  end subroutine LandslideWriteRecord

  !-----------------------------------------------------------------------
  function file_of(clump) result(file)
    !
    ! !ARGUMENTS:
    integer, intent(in)           :: clump
    character(len=:), allocatable :: file
    !
    ! !LOCAL VARIABLES:
    character(len=24) :: numbers
    !-----------------------------------------------------------------------

    write(numbers, '(a, i0, a, i0)') '.', iam, '.', clump
    file = 'landslide_record' // trim(inst_suffix) // trim(numbers) // '.bin'

  end function file_of

end module LandslideRecordMod
