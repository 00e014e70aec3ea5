module LandslideStaticMod

  !-----------------------------------------------------------------------
  ! !DESCRIPTION:
  ! What maps say of the cells: variables of the file landslide_static, which `elm-landslide static` writes, in place of
  ! ELM's own in the inputs of the network. offline/static_fields.py takes them too.
  !
  ! !USES:
  use, intrinsic :: ieee_arithmetic, only : ieee_is_finite
  use ColumnType          , only : col_pp
  use decompMod           , only : bounds_type
  use elm_varcon          , only : grlnd, spval
  use elm_varctl          , only : fsurdat, iulog, single_column
  use GridcellType        , only : grc_pp
  use landslide_fields    , only : landslide_missing, landslide_n_layers, landslide_n_percentiles, &
       valid_bedrock_depth, valid_clay, valid_leaf_area_ratio, valid_sand, valid_slope, valid_wetness_median
  use LandslideCellsMod   , only : LandslideCheckPlaces
  use LandslideControlMod , only : LandslideAbort, LandslideStop
  use ncdio_pio           , only : file_desc_t, ncd_inqvdlen, ncd_inqvid, ncd_io, ncd_pio_closefile, &
       ncd_pio_openfile, var_desc_t
  use shr_kind_mod        , only : r8 => shr_kind_r8
  use shr_mpi_mod         , only : shr_mpi_barrier, shr_mpi_sum
  use spmdMod             , only : masterproc, mpicom
  use topounit_varcon     , only : max_topounits
  !
  implicit none
  private
  !
  ! !PRIVATE DATA:
  character(len=*), parameter :: setting = 'landslide_static'
  character(len=*), parameter :: cure = '; write the file with elm-landslide static, or leave the variable out of it'
  integer         , parameter :: n_classes = landslide_n_percentiles - 1  ! of slope, between the percentiles
  integer         , parameter :: n_wetness = 3                            ! percentiles of wetness within a class
  character(len=*), parameter :: wetness(n_wetness) = ['TWI_Q10', 'TWI_Q50', 'TWI_Q90']
  real(r8)        , parameter :: rounding = 1.e-9_r8  ! by which a value may be too large, also offline
  real(r8)        , parameter :: most = 101._r8       ! % of sand and clay, which may be whole numbers, together
  !
  ! !PUBLIC TYPES:
  type, public :: landslide_static_type

     ! Of slope, fsurdat's where the file has none. spval where nothing is said
     real(r8), pointer :: slope_col   (:,:) => null() ! col gradient at the slope percentiles (m/m)
     real(r8), pointer :: sand_col    (:,:) => null() ! col, (begc:endc, landslide_n_layers) (%)
     real(r8), pointer :: clay_col    (:,:) => null() ! col, likewise
     real(r8), pointer :: bedrock_col (:)   => null() ! col depth (m)
     real(r8), pointer :: wetness_col (:,:) => null() ! col, (begc:endc, n_wetness n_classes) by percentile (ln m)
     real(r8), pointer :: leaf_col    (:)   => null() ! col leaf area over that typical of the cover (1)
     logical           :: has_wetness = .false.       ! whether there is a file that has it
     logical           :: has_leaf    = .false.       ! likewise

   contains

     procedure, public :: Init

  end type landslide_static_type

  type :: source_type  ! the open file

     type(file_desc_t)             :: ncid
     type(bounds_type)             :: bounds
     character(len=:), allocatable :: name
     character(len=:), allocatable :: taken  ! names of the variables, each with the number of cells that are missing
     character(len=:), allocatable :: wrong  ! ' ', or what cannot be on this processor

  end type source_type
  !-----------------------------------------------------------------------

contains

  !-----------------------------------------------------------------------
  subroutine Init(this, bounds, file)
    !
    ! !DESCRIPTION:
    ! Read the slopes of fsurdat, and the file; one that cannot be right stops the run. ' ' is no file. Without slopes
    ! in either the run stops too: the gridcell's mean slope says nothing about the steep tail that fails.
    !
    ! !ARGUMENTS:
    class(landslide_static_type)  :: this
    type(bounds_type), intent(in) :: bounds  ! of the processor
    character(len=*) , intent(in) :: file
    !
    ! !LOCAL VARIABLES:
    character(len=:), allocatable :: where_not
    logical                       :: there
    !-----------------------------------------------------------------------

    associate(begc => bounds%begc, endc => bounds%endc)
    allocate(this%slope_col   (begc:endc, landslide_n_percentiles)) ; this%slope_col   (:,:) = spval
    allocate(this%sand_col    (begc:endc, landslide_n_layers))      ; this%sand_col    (:,:) = spval
    allocate(this%clay_col    (begc:endc, landslide_n_layers))      ; this%clay_col    (:,:) = spval
    allocate(this%bedrock_col (begc:endc))                          ; this%bedrock_col (:)   = spval
    allocate(this%wetness_col (begc:endc, n_wetness * n_classes))   ; this%wetness_col (:,:) = spval
    allocate(this%leaf_col    (begc:endc))                          ; this%leaf_col    (:)   = spval
    end associate
    call read_surface(bounds, this%slope_col, there)
    where_not = trim(fsurdat)
    if (file /= ' ') then
       call read_file(this, bounds, trim(file), there)
       where_not = trim(file) // ', nor in ' // trim(fsurdat)
    end if
    if (.not. there) then
       call LandslideStop('no SLP_P10 in ' // where_not // ': add the hillslope gradient (m/m) at the ' // &
            'percentiles 0, 10, ..., 100 of area as SLP_P10(nlevslp=11, lsmlat, lsmlon) or (nlevslp=11, gridcell)' // &
            ', or name a file that has it in landslide_static; see cime_config/README.md of ELM-Landslide')
    end if

  end subroutine Init

  !-----------------------------------------------------------------------
  subroutine read_surface(bounds, slope_col, there)
    !
    ! !DESCRIPTION:
    ! The slopes of fsurdat, which has the run's topounits.
    !
    ! !USES:
    use fileutils , only : getfil
    !
    ! !ARGUMENTS:
    type(bounds_type), intent(in)    :: bounds
    real(r8)         , intent(inout) :: slope_col(bounds%begc:,:)
    logical          , intent(out)   :: there
    !
    ! !LOCAL VARIABLES:
    type(file_desc_t)   :: ncid
    character(len=1024) :: local
    real(r8), pointer   :: slope(:,:,:)  ! gradient (m/m) of gridcell, topounit, percentile
    integer             :: c
    !-----------------------------------------------------------------------

    allocate(slope(bounds%begg:bounds%endg, max_topounits, landslide_n_percentiles))
    slope(:,:,:) = spval
    call getfil(fsurdat, local, 0)
    call ncd_pio_openfile(ncid, trim(local), 0)
    call ncd_io(ncid=ncid, varname='SLP_P10', flag='read', data=slope, dim1name=grlnd, readvar=there)
    call ncd_pio_closefile(ncid)
    do c = bounds%begc, bounds%endc
       slope_col(c,:) = slope(col_pp%gridcell(c), topounit_of(c, max_topounits), :)
    end do
    deallocate(slope)

  end subroutine read_surface

  !-----------------------------------------------------------------------
  subroutine read_file(this, bounds, file, there)
    !
    ! !DESCRIPTION:
    ! Take the variables that the file has. To take one more, call take for it, and use it in LandslideGather.
    !
    ! !USES:
    use fileutils , only : getfil
    !
    ! !ARGUMENTS:
    class(landslide_static_type), intent(inout) :: this
    type(bounds_type)           , intent(in)    :: bounds
    character(len=*)            , intent(in)    :: file
    logical                     , intent(inout) :: there  ! whether there are slopes, here or in fsurdat
    !
    ! !LOCAL VARIABLES:
    type(source_type)     :: from
    character(len=1024)   :: local
    real(r8), allocatable :: depth(:,:), leaf(:,:)
    logical               :: slopes, exists
    logical               :: wet(n_wetness)
    integer               :: k
    !-----------------------------------------------------------------------

    inquire(file=file, exist=exists)
    if (.not. exists) call LandslideStop(setting // ': no file ' // file // '; give its full path')
    from%bounds = bounds
    from%name = file
    from%taken = ' '
    from%wrong = ' '
    call getfil(file, local, 0)
    call ncd_pio_openfile(from%ncid, trim(local), 0)
    call check_places(from)
    allocate(depth(bounds%begc:bounds%endc, 1)) ; depth(:,:) = spval
    allocate(leaf (bounds%begc:bounds%endc, 1)) ; leaf (:,:) = spval
    call take(from, 'SLP_P10', valid_slope, this%slope_col, rising=.true., found=slopes)
    call take(from, 'PCT_SAND', valid_sand, this%sand_col)
    call take(from, 'PCT_CLAY', valid_clay, this%clay_col)
    call take(from, 'aveDTB', valid_bedrock_depth, depth)
    this%bedrock_col(:) = depth(:,1)
    do k = 1, n_wetness
       call take(from, wetness(k), valid_wetness_median, this%wetness_col(:, (k-1)*n_classes+1:k*n_classes), &
            found=wet(k))
    end do
    call check_wetness(this, from, wet)
    call take(from, 'LEAF_AREA_RATIO', valid_leaf_area_ratio, leaf, found=this%has_leaf)
    this%leaf_col(:) = leaf(:,1)
    there = there .or. slopes
    if (there .and. from%taken == ' ') then
       call LandslideStop(setting // ': ' // file // ' has none of SLP_P10, PCT_SAND, PCT_CLAY, aveDTB, ' // &
            'TWI_Q10, _Q50 and _Q90, and LEAF_AREA_RATIO: name a file that elm-landslide static wrote')
    end if
    call check_texture(this, from)
    call ncd_pio_closefile(from%ncid)
    call stop_if_wrong(from)
    if (masterproc .and. from%taken /= ' ') write(iulog,'(a)') ' ELM-Landslide: ' // setting // ' ' // file // &
         ' gives ' // from%taken(3:) // "; where it says nothing ELM's own are used"

  end subroutine read_file

  !-----------------------------------------------------------------------
  subroutine take(from, name, valid, values_col, rising, found)
    !
    ! !DESCRIPTION:
    ! A variable of the file, if it is there: of cells, or of their topounits as in fsurdat. Where a level is missing,
    ! all are, and the columns stay as they were.
    !
    ! !ARGUMENTS:
    type(source_type), intent(inout) :: from
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
    topounits = topounits_of(from, name, size(values_col, 2))
    allocate(values(from%bounds%begg:from%bounds%endg, topounits, size(values_col, 2)))
    values(:,:,:) = spval
    call ncd_io(ncid=from%ncid, varname=name, flag='read', data=values, dim1name=grlnd, readvar=there)
    where (.not. ieee_is_finite(values)) values = spval  ! NaN is a fill value too; a comparison with it may trap
    here = [0._r8, real(from%bounds%endg - from%bounds%begg + 1, r8)]
    cells: do g = from%bounds%begg, from%bounds%endg
       there = .true.
       do t = 1, min(topounits, grc_pp%topf(g) - grc_pp%topi(g) + 1)  ! the file may say anything of others
          if (all(abs(values(g, t, :)) < landslide_missing)) then
             call check(from, name, g, valid, rises, values(g, t, :))
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

  end subroutine take

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
    type(source_type), intent(inout) :: from
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
    type(source_type), intent(inout) :: from
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
          call refuse(from, name, values(k), g, ', wanted ' // trim(adjustl(ends(1))) // ' to ' // adjustl(ends(2)))
       end if
       if (k == 1 .or. .not. rising) cycle
       if (values(k) < values(k-1)) then
          call refuse(from, name, values(k), g, ', below its predecessor: wanted rising percentiles')
       end if
    end do

  end subroutine check

  !-----------------------------------------------------------------------
  subroutine check_texture(this, from)
    !
    ! !ARGUMENTS:
    class(landslide_static_type), intent(in)    :: this
    type(source_type)           , intent(inout) :: from
    !
    ! !LOCAL VARIABLES:
    real(r8) :: both
    integer  :: c
    !-----------------------------------------------------------------------

    do c = from%bounds%begc, from%bounds%endc
       if (max(this%sand_col(c,1), this%clay_col(c,1)) >= landslide_missing) cycle
       both = maxval(this%sand_col(c,:) + this%clay_col(c,:))
       if (both > most) call refuse(from, 'PCT_SAND and PCT_CLAY together', both, col_pp%gridcell(c), &
            ', wanted 100 or less')
    end do

  end subroutine check_texture

  !-----------------------------------------------------------------------
  subroutine check_wetness(this, from, there)
    !
    ! !DESCRIPTION:
    ! The percentiles of wetness rise, and a file has all of them or none.
    !
    ! !ARGUMENTS:
    class(landslide_static_type), intent(inout) :: this
    type(source_type)           , intent(inout) :: from
    logical                     , intent(in)    :: there(n_wetness)
    !
    ! !LOCAL VARIABLES:
    integer :: c, j, k
    !-----------------------------------------------------------------------

    this%has_wetness = all(there)
    if (.not. any(there)) return
    if (.not. this%has_wetness) then
       call LandslideStop(setting // ': ' // from%name // ' has not all of TWI_Q10, TWI_Q50 and TWI_Q90' // cure)
    end if
    do c = from%bounds%begc, from%bounds%endc
       if (any(this%wetness_col(c,:) >= landslide_missing)) cycle
       do k = 2, n_wetness
          do j = (k - 1) * n_classes + 1, k * n_classes
             if (this%wetness_col(c,j) < this%wetness_col(c,j-n_classes)) call refuse(from, wetness(k), &
                  this%wetness_col(c,j), col_pp%gridcell(c), &
                  ', below ' // wetness(k-1) // ': wanted rising percentiles')
          end do
       end do
    end do

  end subroutine check_wetness

  !-----------------------------------------------------------------------
  subroutine refuse(from, name, value, g, wanted)
    !
    ! !DESCRIPTION:
    ! Keep the first thing that is wrong, for stop_if_wrong.
    !
    ! !ARGUMENTS:
    type(source_type), intent(inout) :: from
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

  end subroutine refuse

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
    type(source_type), intent(in) :: from
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
    type(source_type), intent(inout) :: from
    !
    ! !LOCAL VARIABLES:
    type(var_desc_t) :: vardesc
    integer          :: id
    logical          :: there(2)
    !-----------------------------------------------------------------------

    call ncd_inqvid(from%ncid, 'LATIXY', id, vardesc, there(1))
    call ncd_inqvid(from%ncid, 'LONGXY', id, vardesc, there(2))
    if (.not. all(there)) return
    if (max(topounits_of(from, 'LATIXY', 1), topounits_of(from, 'LONGXY', 1)) > 1) return
    call LandslideCheckPlaces(setting, from%name, from%bounds, from%ncid)

  end subroutine check_places

end module LandslideStaticMod
