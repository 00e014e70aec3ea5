module LandslideDisturbanceMod

  !-----------------------------------------------------------------------
  ! !DESCRIPTION:
  ! The file landslide_disturbance: which fraction of the trees and shrubs of a gridcell lost its roots, how and when.
  ! offline/disturbance.py says what is in it, and reads it too.
  !
  ! !USES:
  use, intrinsic :: ieee_arithmetic, only : ieee_is_finite
  use decompMod           , only : bounds_type
  use landslide_fields    , only : landslide_cut, landslide_fire, landslide_uprooted
  use LandslideControlMod , only : LandslideAbort, LandslideStop
  use LandslidePlacesMod  , only : LandslideCheckPlaces
  use shr_kind_mod        , only : r8 => shr_kind_r8
  use shr_mpi_mod         , only : shr_mpi_barrier
  use spmdMod             , only : mpicom
  !
  implicit none
  private
  !
  ! !PRIVATE DATA:
  integer , parameter :: tree = 1, shrub = 2
  integer , parameter :: n_variables = 5
  integer , parameter :: months = 12
  real(r8), parameter :: rounding = 1.e-6_r8     ! by which fractions may sum to more than 1
  !
  ! !PUBLIC TYPES:
  type, public :: landslide_disturbance_type

     real(r8), pointer :: fraction_grc (:,:) => null() ! grc of trees or shrubs, (begg:endg, events)
     real(r8), pointer :: kind_grc     (:,:) => null()
     real(r8), pointer :: date_grc     (:,:) => null() ! yyyymmdd

   contains

     procedure, public :: Init
     procedure, public :: Losses

  end type landslide_disturbance_type
  !-----------------------------------------------------------------------

contains

  !-----------------------------------------------------------------------
  subroutine Init(this, bounds, file, start)
    !
    ! !DESCRIPTION:
    ! Read the file; one that cannot be right stops the run. ' ' is no file.
    !
    ! !USES:
    use domainMod  , only : ldomain
    use elm_varcon , only : grlnd
    use fileutils  , only : getfil
    use ncdio_pio  , only : file_desc_t, ncd_inqdid, ncd_inqdlen, ncd_inqfdims, ncd_io, ncd_pio_closefile, &
         ncd_pio_openfile
    !
    ! !ARGUMENTS:
    class(landslide_disturbance_type)  :: this
    type(bounds_type)    , intent(in)  :: bounds  ! of the processor
    character(len=*)     , intent(in)  :: file
    integer              , intent(in)  :: start   ! yyyymmdd before which nothing can happen; 0 where that is not known
    !
    ! !LOCAL VARIABLES:
    type(file_desc_t)   :: ncid
    character(len=1024) :: local
    character(len=80)   :: sizes
    real(r8), pointer   :: lat(:), lon(:)  ! degrees
    integer             :: events, id, ni, nj, ns
    logical             :: exists, isgrid2d
    logical             :: readvar(n_variables)
    !-----------------------------------------------------------------------

    if (file == ' ') return
    inquire(file=trim(file), exist=exists)
    if (.not. exists) call LandslideStop('landslide_disturbance: no file ' // trim(file) // '; give its full path')
    call getfil(file, local, 0)
    call ncd_pio_openfile(ncid, trim(local), 0)
    call ncd_inqdid(ncid, 'event', id, exists)
    if (.not. exists) call LandslideStop('landslide_disturbance: ' // trim(file) // ' has no dimension event: ' // &
         'wanted FRACTION, KIND and DATE on (event, gridcell) or (event, lsmlat, lsmlon)')
    call ncd_inqdlen(ncid, id, events)
    call ncd_inqfdims(ncid, isgrid2d, ni, nj, ns)
    if (ni * nj /= ldomain%ns) then
       write(sizes, '(2(a, i0))') ' has ', ni * nj, ' cells, the land grid ', ldomain%ns
       call LandslideStop('landslide_disturbance: ' // trim(file) // trim(sizes) // &
            ': it is on another grid; write it on the cells of fsurdat')
    end if
    allocate(this%fraction_grc (bounds%begg:bounds%endg, events)) ; this%fraction_grc (:,:) = 0._r8
    allocate(this%kind_grc     (bounds%begg:bounds%endg, events)) ; this%kind_grc     (:,:) = 0._r8
    allocate(this%date_grc     (bounds%begg:bounds%endg, events)) ; this%date_grc     (:,:) = 0._r8
    call ncd_io(ncid=ncid, varname='FRACTION', flag='read', data=this%fraction_grc, dim1name=grlnd, readvar=readvar(1))
    call ncd_io(ncid=ncid, varname='KIND', flag='read', data=this%kind_grc, dim1name=grlnd, readvar=readvar(2))
    call ncd_io(ncid=ncid, varname='DATE', flag='read', data=this%date_grc, dim1name=grlnd, readvar=readvar(3))
    allocate(lat(bounds%begg:bounds%endg), lon(bounds%begg:bounds%endg))
    call ncd_io(ncid=ncid, varname='LATIXY', flag='read', data=lat, dim1name=grlnd, readvar=readvar(4))
    call ncd_io(ncid=ncid, varname='LONGXY', flag='read', data=lon, dim1name=grlnd, readvar=readvar(5))
    call ncd_pio_closefile(ncid)
    if (.not. all(readvar)) call LandslideStop('landslide_disturbance: ' // trim(file) // &
         ' lacks FRACTION, KIND, DATE, LATIXY or LONGXY; see cime_config/README.md of ELM-Landslide')
    ! NaN is a fill value too; a comparison with it may trap.
    where (.not. ieee_is_finite(this%fraction_grc)) this%fraction_grc = 0._r8
    where (.not. ieee_is_finite(this%kind_grc)) this%kind_grc = 0._r8
    where (.not. ieee_is_finite(this%date_grc)) this%date_grc = 0._r8
    where (abs(this%kind_grc) > huge(events)) this%kind_grc = 0._r8  ! which is none: Losses rounds to a whole number
    call LandslideCheckPlaces('landslide_disturbance', file, bounds%begg, lat, lon)
    deallocate(lat, lon)
    call check(this, file, start)
    call shr_mpi_barrier(mpicom)  ! nobody goes on while another processor ends them all

  end subroutine Init

  !-----------------------------------------------------------------------
  subroutine check(this, file, start)
    !
    ! !ARGUMENTS:
    class(landslide_disturbance_type) :: this
    character(len=*) , intent(in)     :: file
    integer          , intent(in)     :: start
    !
    ! !LOCAL VARIABLES:
    real(r8)            :: lost(2), torn(2)
    character(len=160)  :: what
    integer             :: g, i, date
    !-----------------------------------------------------------------------

    do g = lbound(this%date_grc, 1), ubound(this%date_grc, 1)
       events: do i = 1, size(this%date_grc, 2)
          what = ' '
          if (.not. happens(this, g, i)) cycle events
          date = nint(this%date_grc(g, i))
          if (this%fraction_grc(g, i) < 0._r8 .or. this%fraction_grc(g, i) > 1._r8) then
             write(what, '(a, g0.6, a)') 'FRACTION is ', this%fraction_grc(g, i), ', wanted 0 to 1'
          else if (all(abs(this%kind_grc(g, i) - [landslide_cut, landslide_fire, landslide_uprooted]) > rounding)) then
             write(what, '(a, g0.6, a)') 'KIND is ', this%kind_grc(g, i), ', wanted 1 (cut), 2 (fire) or 3 (uprooted)'
          else if (.not. is_day(date)) then
             write(what, '(a, i0, a)') 'DATE ', date, ' is no day yyyymmdd of the calendar'
          else if (date < start) then
             write(what, '(a, i0, a, i0, a)') 'DATE ', date, ' lies before the run, which begins ', start, &
                  ': leave it out, or start from a restart file of a run that saw it'
          else
             call this%Losses(g, date - 1, date, lost, torn)
             if (maxval(lost + torn) > 1._r8 + rounding) write(what, '(a, i0, a, g0.6, a)') 'FRACTION of ', date, &
                  ' sums to ', maxval(lost + torn), ', wanted 1 or less'
          end if
          if (what /= ' ') call LandslideAbort('landslide_disturbance: ' // trim(file) // ': ' // trim(what))
       end do events
    end do

  end subroutine check

  !-----------------------------------------------------------------------
  function is_day(date) result(there)
    !
    ! !USES:
    use elm_time_manager , only : get_calendar
    !
    ! !ARGUMENTS:
    integer, intent(in) :: date  ! yyyymmdd
    logical             :: there
    !
    ! !LOCAL VARIABLES:
    integer, parameter :: days(months) = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    integer            :: year, month, last
    !-----------------------------------------------------------------------

    year = date / 10000
    month = mod(date / 100, 100)
    there = .false.
    if (month < 1 .or. month > months) return
    last = days(month)
    if (month == 2 .and. get_calendar() /= 'NO_LEAP' .and. mod(year, 4) == 0 .and. &
         (mod(year, 100) /= 0 .or. mod(year, 400) == 0)) last = 29
    there = mod(date, 100) >= 1 .and. mod(date, 100) <= last

  end function is_day

  !-----------------------------------------------------------------------
  pure function happens(this, g, i) result(event)
    !
    ! !ARGUMENTS:
    class(landslide_disturbance_type), intent(in) :: this
    integer , intent(in) :: g, i
    logical              :: event
    !-----------------------------------------------------------------------

    ! Fill values, of any kind, are far from a date and a fraction.
    event = abs(this%date_grc(g, i)) < 1.e9_r8 .and. abs(this%fraction_grc(g, i)) < 1.e9_r8
    if (event) event = nint(this%date_grc(g, i)) /= 0 .and. abs(this%fraction_grc(g, i)) > 0._r8

  end function happens

  !-----------------------------------------------------------------------
  pure subroutine Losses(this, g, after, upto, lost, torn)
    !
    ! !DESCRIPTION:
    ! What a gridcell loses on the days after one and up to another.
    !
    ! !ARGUMENTS:
    class(landslide_disturbance_type), intent(in) :: this
    integer , intent(in)  :: g
    integer , intent(in)  :: after, upto  ! yyyymmdd
    real(r8), intent(out) :: lost(2)      ! fractions of trees and shrubs whose roots die (1)
    real(r8), intent(out) :: torn(2)      ! that are uprooted (1)
    !
    ! !LOCAL VARIABLES:
    integer :: i, kind
    !-----------------------------------------------------------------------

    lost = 0._r8
    torn = 0._r8
    if (.not. associated(this%date_grc)) return
    do i = 1, size(this%date_grc, 2)
       if (.not. happens(this, g, i)) cycle
       if (nint(this%date_grc(g, i)) <= after .or. nint(this%date_grc(g, i)) > upto) cycle
       kind = nint(this%kind_grc(g, i))
       if (kind == landslide_uprooted) then
          torn(tree) = torn(tree) + this%fraction_grc(g, i)
       else
          lost(tree) = lost(tree) + this%fraction_grc(g, i)
          if (kind == landslide_fire) lost(shrub) = lost(shrub) + this%fraction_grc(g, i)
       end if
    end do

  end subroutine Losses

end module LandslideDisturbanceMod
