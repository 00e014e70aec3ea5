module LandslideStaticMod

  !-----------------------------------------------------------------------
  ! !DESCRIPTION:
  ! What maps say of the cells: variables of the file landslide_static, which `elm-landslide static` writes, in place of
  ! ELM's own in the inputs of the network. offline/static_fields.py takes them too.
  !
  ! !USES:
  use ColumnType          , only : col_pp
  use decompMod           , only : bounds_type
  use elm_varcon          , only : grlnd, spval
  use elm_varctl          , only : fsurdat, iulog
  use landslide_fields    , only : landslide_missing, landslide_n_layers, landslide_n_percentiles, &
       valid_bedrock_depth, valid_clay, valid_leaf_area_ratio, valid_sand, valid_slope, valid_wetness_median
  use LandslideControlMod    , only : LandslideStop
  use LandslideStaticFileMod , only : cure, landslide_static_file_type, setting, topounit_of
  use ncdio_pio           , only : file_desc_t, ncd_io, ncd_pio_closefile, ncd_pio_openfile
  use shr_kind_mod        , only : r8 => shr_kind_r8
  use spmdMod             , only : masterproc
  use topounit_varcon     , only : max_topounits
  !
  implicit none
  private
  !
  ! !PRIVATE DATA:
  integer         , parameter :: n_classes = landslide_n_percentiles - 1  ! of slope, between the percentiles
  integer         , parameter :: n_wetness = 3                            ! percentiles of wetness within a class
  character(len=*), parameter :: wetness(n_wetness) = ['TWI_Q10', 'TWI_Q50', 'TWI_Q90']
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
    ! Take the variables that the file has. To take one more, call Take for it, and use it in LandslideGather.
    !
    ! !ARGUMENTS:
    class(landslide_static_type), intent(inout) :: this
    type(bounds_type)           , intent(in)    :: bounds
    character(len=*)            , intent(in)    :: file
    logical                     , intent(inout) :: there  ! whether there are slopes, here or in fsurdat
    !
    ! !LOCAL VARIABLES:
    type(landslide_static_file_type) :: from
    real(r8), allocatable            :: depth(:,:), leaf(:,:)
    logical                          :: slopes
    logical                          :: wet(n_wetness)
    integer                          :: k
    !-----------------------------------------------------------------------

    call from%Open(bounds, file)
    allocate(depth(bounds%begc:bounds%endc, 1)) ; depth(:,:) = spval
    allocate(leaf (bounds%begc:bounds%endc, 1)) ; leaf (:,:) = spval
    call from%Take('SLP_P10', valid_slope, this%slope_col, rising=.true., found=slopes)
    call from%Take('PCT_SAND', valid_sand, this%sand_col)
    call from%Take('PCT_CLAY', valid_clay, this%clay_col)
    call from%Take('aveDTB', valid_bedrock_depth, depth)
    this%bedrock_col(:) = depth(:,1)
    do k = 1, n_wetness
       call from%Take(wetness(k), valid_wetness_median, this%wetness_col(:, (k-1)*n_classes+1:k*n_classes), &
            found=wet(k))
    end do
    call check_wetness(this, from, wet)
    call from%Take('LEAF_AREA_RATIO', valid_leaf_area_ratio, leaf, found=this%has_leaf)
    this%leaf_col(:) = leaf(:,1)
    there = there .or. slopes
    if (there .and. from%taken == ' ') then
       call LandslideStop(setting // ': ' // file // ' has none of SLP_P10, PCT_SAND, PCT_CLAY, aveDTB, ' // &
            'TWI_Q10, _Q50 and _Q90, and LEAF_AREA_RATIO: name a file that elm-landslide static wrote')
    end if
    call check_texture(this, from)
    call from%Close()
    if (masterproc .and. from%taken /= ' ') write(iulog,'(a)') ' ELM-Landslide: ' // setting // ' ' // file // &
         ' gives ' // from%taken(3:) // "; where it says nothing ELM's own are used"

  end subroutine read_file

  !-----------------------------------------------------------------------
  subroutine check_texture(this, from)
    !
    ! !ARGUMENTS:
    class(landslide_static_type), intent(in)    :: this
    type(landslide_static_file_type), intent(inout) :: from
    !
    ! !LOCAL VARIABLES:
    real(r8) :: both
    integer  :: c
    !-----------------------------------------------------------------------

    do c = from%bounds%begc, from%bounds%endc
       if (max(this%sand_col(c,1), this%clay_col(c,1)) >= landslide_missing) cycle
       both = maxval(this%sand_col(c,:) + this%clay_col(c,:))
       if (both > most) call from%Refuse('PCT_SAND and PCT_CLAY together', both, col_pp%gridcell(c), &
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
    type(landslide_static_file_type), intent(inout) :: from
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
             if (this%wetness_col(c,j) < this%wetness_col(c,j-n_classes)) call from%Refuse(wetness(k), &
                  this%wetness_col(c,j), col_pp%gridcell(c), &
                  ', below ' // wetness(k-1) // ': wanted rising percentiles')
          end do
       end do
    end do

  end subroutine check_wetness

end module LandslideStaticMod
