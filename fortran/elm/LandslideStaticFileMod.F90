module LandslideStaticFileMod

  !-----------------------------------------------------------------------
  ! !DESCRIPTION:
  ! Reading the file landslide_static: a variable of cells, or of their topounits as in fsurdat, on the columns, and all
  ! that can be wrong with it. LandslideStaticMod says which variables there are, and what they mean.
  !
  ! !USES:
  use, intrinsic :: ieee_arithmetic, only : ieee_is_finite
  use ColumnType          , only : col_pp
  use decompMod           , only : bounds_type
  use elm_varcon          , only : grlnd, spval
  use elm_varctl          , only : single_column
  use GridcellType        , only : grc_pp
  use landslide_fields    , only : landslide_missing
  use LandslideCellsMod   , only : LandslideCheckPlaces
  use LandslideControlMod , only : LandslideAbort, LandslideStop
  use ncdio_pio           , only : file_desc_t, ncd_inqvdlen, ncd_inqvid, ncd_io, ncd_pio_closefile, &
       ncd_pio_openfile, var_desc_t
  use shr_kind_mod        , only : r8 => shr_kind_r8
  use shr_mpi_mod         , only : shr_mpi_barrier, shr_mpi_sum
  use spmdMod             , only : mpicom
  use topounit_varcon     , only : max_topounits
  !
  implicit none
  private
  !
  ! !PUBLIC DATA:
  character(len=*), parameter, public :: setting = 'landslide_static'
  character(len=*), parameter, public :: cure = &
       '; write the file with elm-landslide static, or leave the variable out of it'
  !
  ! !PRIVATE DATA:
  real(r8), parameter :: rounding = 1.e-9_r8  ! by which a value may be too large, also offline
  !
  ! !PUBLIC MEMBER FUNCTIONS:
  public :: topounit_of
  !
  ! !PUBLIC TYPES:
  type, public :: landslide_static_file_type

     type(bounds_type)             :: bounds
     character(len=:), allocatable :: name
     character(len=:), allocatable :: taken  ! names of the variables, each with the number of cells that are missing
     type(file_desc_t)             , private :: ncid
     character(len=:) , allocatable, private :: wrong  ! ' ', or what cannot be on this processor

   contains

     procedure, public  :: Open
     procedure, public  :: Take
     procedure, public  :: Refuse
     procedure, public  :: Close
     procedure, private :: check
     procedure, private :: check_places
     procedure, private :: topounits_of
     procedure, private :: stop_if_wrong

  end type landslide_static_file_type
  !-----------------------------------------------------------------------

contains

  !-----------------------------------------------------------------------
  subroutine Open(from, bounds, file)
    !
    ! !USES:
    use fileutils , only : getfil
    !
    ! !ARGUMENTS:
    class(landslide_static_file_type)  :: from
    type(bounds_type), intent(in)      :: bounds  ! of the processor
    character(len=*) , intent(in)      :: file
    !
    ! !LOCAL VARIABLES:
    character(len=1024) :: local
    logical             :: exists
    !-----------------------------------------------------------------------

    inquire(file=file, exist=exists)
    if (.not. exists) call LandslideStop(setting // ': no file ' // file // '; give its full path')
    from%bounds = bounds
    from%name = file
    from%taken = ' '
    from%wrong = ' '
    call getfil(file, local, 0)
    call ncd_pio_openfile(from%ncid, trim(local), 0)
    call from%check_places()

  end subroutine Open

  !-----------------------------------------------------------------------
  subroutine Close(from)
    !
    ! !DESCRIPTION:
    ! Close the file; what was wrong with it stops the run.
    !
    ! !ARGUMENTS:
    class(landslide_static_file_type) :: from
    !-----------------------------------------------------------------------

    call ncd_pio_closefile(from%ncid)
    call from%stop_if_wrong()

  end subroutine Close

  !-----------------------------------------------------------------------
  subroutine Take(from, name, valid, values_col, rising, found)
    !
    ! !DESCRIPTION:
    ! A variable of the file, if it is there: of cells, or of their topounits as in fsurdat. Where a level is missing,
    ! all are, and the columns stay as they were.
    !
    ! !ARGUMENTS:
    class(landslide_static_file_type), intent(inout) :: from
    character(len=*) , intent(in)    :: name
    real(r8)         , intent(in)    :: valid(2)                         ! least and greatest possible value
    real(r8)         , intent(inout) :: values_col(from%bounds%begc:,:)  ! (begc:endc, levels)
    logical          , intent(in) , optional :: rising  ! whether each level is at least the one before
    logical          , intent(out), optional :: found
    !
    ! !LOCAL VARIABLES:
    type(var_desc_t)   :: vardesc
    real(r8), pointer  :: values(:,:,:)           ! of gridcell, topounit, level
    real(r8)           :: here(2), everywhere(2)  ! cells that are missing; all
    character(len=40)  :: count
    integer            :: c, g, t, id, topounits
    logical            :: there, rises
    !-----------------------------------------------------------------------

    call ncd_inqvid(from%ncid, name, id, vardesc, there)
    if (present(found)) found = there
    if (.not. there) return
    rises = .false.
    if (present(rising)) rises = rising
    topounits = from%topounits_of(name, size(values_col, 2))
    allocate(values(from%bounds%begg:from%bounds%endg, topounits, size(values_col, 2)))
    values(:,:,:) = spval
    call ncd_io(ncid=from%ncid, varname=name, flag='read', data=values, dim1name=grlnd, readvar=there)
    where (.not. ieee_is_finite(values)) values = spval  ! NaN is a fill value too; a comparison with it may trap
    here = [0._r8, real(from%bounds%endg - from%bounds%begg + 1, r8)]
    cells: do g = from%bounds%begg, from%bounds%endg
       there = .true.
       do t = 1, min(topounits, grc_pp%topf(g) - grc_pp%topi(g) + 1)  ! the file may say anything of others
          if (all(abs(values(g, t, :)) < landslide_missing)) then
             call from%check(name, g, valid, rises, values(g, t, :))
          else
             values(g, t, :) = spval
             there = .false.
          end if
       end do
       if (.not. there) here(1) = here(1) + 1._r8
    end do cells
    do c = from%bounds%begc, from%bounds%endc
       g = col_pp%gridcell(c)
       t = topounit_of(c, topounits)
       if (values(g, t, 1) < landslide_missing) values_col(c,:) = values(g, t, :)
    end do
    deallocate(values)
    call shr_mpi_sum(here, everywhere, mpicom, 'LandslideStatic', all=.true.)
    count = ' '
    if (everywhere(1) > 0._r8) write(count, '(2(a, i0), a)') ' (missing in ', nint(everywhere(1)), ' of ', &
         nint(everywhere(2)), ' cells)'
    from%taken = trim(from%taken) // ', ' // name // trim(count)

  end subroutine Take

  !-----------------------------------------------------------------------
  function topounits_of(from, name, levels) result(topounits)
    !
    ! !DESCRIPTION:
    ! Whether a variable has values of cells (1) or of the run's topounits (max_topounits), by their number. ELM reads
    ! one of another size without a word, and writes beyond the array.
    !
    ! !USES:
    use domainMod , only : ldomain
    !
    ! !ARGUMENTS:
    class(landslide_static_file_type), intent(inout) :: from
    character(len=*) , intent(in)    :: name
    integer          , intent(in)    :: levels
    integer                          :: topounits
    !
    ! !LOCAL VARIABLES:
    character(len=100) :: sizes
    integer            :: k, n, length, status
    !-----------------------------------------------------------------------

    topounits = max_topounits
    if (single_column) return  ! ELM seeks the cell in a file of many
    n = 1
    k = 1
    call ncd_inqvdlen(from%ncid, name, k, length, status)
    do while (status == 0)
       n = n * length
       k = k + 1
       call ncd_inqvdlen(from%ncid, name, k, length, status)
    end do
    if (n == ldomain%ns * levels) topounits = 1
    if (n == ldomain%ns * levels * topounits) return
    write(sizes, '(3(a, i0), a)') ' has ', n, ' values, wanted ', levels, ' for each of ', ldomain%ns, ' cells'
    call LandslideStop(setting // ': ' // from%name // ': ' // name // trim(sizes) // &
         ': write the file with elm-landslide static on the cells of fsurdat')

  end function topounits_of

  !-----------------------------------------------------------------------
  pure function topounit_of(c, topounits) result(t)
    !
    ! !ARGUMENTS:
    integer, intent(in) :: c
    integer, intent(in) :: topounits  ! of a gridcell in a file; 1 is the gridcell
    integer             :: t          ! in that file
    !-----------------------------------------------------------------------

    t = min(topounits, col_pp%topounit(c) - grc_pp%topi(col_pp%gridcell(c)) + 1)

  end function topounit_of

  !-----------------------------------------------------------------------
  subroutine check(from, name, g, valid, rising, values)
    !
    ! !ARGUMENTS:
    class(landslide_static_file_type), intent(inout) :: from
    character(len=*) , intent(in)    :: name
    integer          , intent(in)    :: g
    real(r8)         , intent(in)    :: valid(2)
    logical          , intent(in)    :: rising
    real(r8)         , intent(in)    :: values(:)  ! levels
    !
    ! !LOCAL VARIABLES:
    character(len=8) :: ends(2)
    integer          :: k
    !-----------------------------------------------------------------------

    write(ends, '(f8.1)') valid
    do k = 1, size(values)
       if (values(k) < valid(1) .or. values(k) > valid(2) + rounding) then
          call from%Refuse(name, values(k), g, ', wanted ' // trim(adjustl(ends(1))) // ' to ' // adjustl(ends(2)))
       end if
       if (k == 1 .or. .not. rising) cycle
       if (values(k) < values(k-1)) then
          call from%Refuse(name, values(k), g, ', below its predecessor: wanted rising percentiles')
       end if
    end do

  end subroutine check

  !-----------------------------------------------------------------------
  subroutine Refuse(from, name, value, g, wanted)
    !
    ! !DESCRIPTION:
    ! Keep the first thing that is wrong, for stop_if_wrong.
    !
    ! !ARGUMENTS:
    class(landslide_static_file_type), intent(inout) :: from
    character(len=*) , intent(in)    :: name
    real(r8)         , intent(in)    :: value
    integer          , intent(in)    :: g
    character(len=*) , intent(in)    :: wanted
    !
    ! !LOCAL VARIABLES:
    character(len=80) :: where_wrong
    !-----------------------------------------------------------------------

    if (from%wrong /= ' ') return
    write(where_wrong, '(a, g0.6, 2(a, f8.3))') ' is ', value, ' at lat ', grc_pp%latdeg(g), ', lon ', grc_pp%londeg(g)
    from%wrong = name // trim(where_wrong) // trim(wanted) // cure

  end subroutine Refuse

  !-----------------------------------------------------------------------
  subroutine stop_if_wrong(from)
    !
    ! !DESCRIPTION:
    ! Stop the run with what the first processor found: wrong units are wrong on all of them, and one line is enough.
    !
    ! !USES:
    use spmdMod , only : iam, npes
    !
    ! !ARGUMENTS:
    class(landslide_static_file_type), intent(in) :: from
    !
    ! !LOCAL VARIABLES:
    real(r8), allocatable :: here(:), everywhere(:)  ! 1 of a processor that found something
    !-----------------------------------------------------------------------

    allocate(here(0:npes-1), everywhere(0:npes-1))
    here(:) = 0._r8
    if (from%wrong /= ' ') here(iam) = 1._r8
    call shr_mpi_sum(here, everywhere, mpicom, 'LandslideStatic', all=.true.)
    if (all(everywhere <= 0._r8)) return
    if (here(iam) > 0._r8 .and. all(everywhere(:iam-1) <= 0._r8)) then
       call LandslideAbort(setting // ': ' // from%name // ': ' // from%wrong)
    end if
    call shr_mpi_barrier(mpicom)  ! nobody goes on while another processor ends them all

  end subroutine stop_if_wrong

  !-----------------------------------------------------------------------
  subroutine check_places(from)
    !
    ! !DESCRIPTION:
    ! Whether the file's cells are those of the run, in their order, if it says where they are.
    !
    ! !ARGUMENTS:
    class(landslide_static_file_type), intent(inout) :: from
    !
    ! !LOCAL VARIABLES:
    type(var_desc_t) :: vardesc
    integer          :: id
    logical          :: there(2)
    !-----------------------------------------------------------------------

    call ncd_inqvid(from%ncid, 'LATIXY', id, vardesc, there(1))
    call ncd_inqvid(from%ncid, 'LONGXY', id, vardesc, there(2))
    if (.not. all(there)) return
    if (max(from%topounits_of('LATIXY', 1), from%topounits_of('LONGXY', 1)) > 1) return
    call LandslideCheckPlaces(setting, from%name, from%bounds, from%ncid)

  end subroutine check_places

end module LandslideStaticFileMod
