module LandslideRainMod

  !-----------------------------------------------------------------------
  ! !DESCRIPTION:
  ! The antecedent rain of topounits.
  !
  ! !USES:
  use decompMod        , only : bounds_type
  use elm_varcon       , only : spval
  use landslide_fields , only : landslide_missing, landslide_rain_days
  use shr_kind_mod     , only : r8 => shr_kind_r8
  !
  implicit none
  private
  !
  ! !PRIVATE DATA:
  integer, parameter         :: hour = 3600  ! s between the marks of the rain
  integer, parameter, public :: hours = 24 * maxval(landslide_rain_days)  ! of the longest window
  !
  ! !PUBLIC TYPES:
  type, public :: landslide_rain_type

     ! Its total since the start (mm) now (0), at the last whole hour (1) and at those before; a window's rain is the
     ! difference of two. spval where the run, with its restarts, does not go back that far
     real(r8), pointer :: total_top (:,:) => null() ! topounit, (begt:endt, 0:hours+1)

   contains

     procedure, public :: Init
     procedure, public :: Add
     procedure, public :: Over

  end type landslide_rain_type
  !-----------------------------------------------------------------------

contains

  !-----------------------------------------------------------------------
  subroutine Init(this, bounds)
    !
    ! !DESCRIPTION:
    ! The rain is counted from here; a restart file, read later, may replace this.
    !
    ! !USES:
    use elm_time_manager , only : get_curr_date
    !
    ! !ARGUMENTS:
    class(landslide_rain_type)    :: this
    type(bounds_type), intent(in) :: bounds  ! of the processor
    !
    ! !LOCAL VARIABLES:
    integer :: year, month, day, tod
    !-----------------------------------------------------------------------

    allocate(this%total_top(bounds%begt:bounds%endt, 0:hours+1)) ; this%total_top(:,:) = spval
    this%total_top(:, 0) = 0._r8
    call get_curr_date(year, month, day, tod)
    if (mod(tod, hour) == 0) this%total_top(:, 1) = 0._r8

  end subroutine Init

  !-----------------------------------------------------------------------
  subroutine Add(this, bounds, rain, step, tod)
    !
    ! !DESCRIPTION:
    ! Add the rain of a time step, which may be shorter or longer than an hour.
    !
    ! !ARGUMENTS:
    class(landslide_rain_type)    :: this
    type(bounds_type), intent(in) :: bounds                  ! of the clump
    real(r8)         , intent(in) :: rain(bounds%begt:)      ! rate (mm/s); spval counts as none
    integer          , intent(in) :: step                    ! length of the step (s)
    integer          , intent(in) :: tod                     ! time of day at its end (s)
    !
    ! !LOCAL VARIABLES:
    integer  :: before   ! s from the last whole hour to the start of the step
    integer  :: k, mark, t
    real(r8) :: part     ! of the step up to a whole hour
    real(r8) :: total(bounds%begt:bounds%endt)
    !-----------------------------------------------------------------------

    do t = bounds%begt, bounds%endt
       total(t) = 0._r8
       if (rain(t) < landslide_missing) total(t) = rain(t) * real(step, r8)
    end do
    before = modulo(tod - step, hour)
    do mark = 1, (before + step) / hour
       part = real(mark * hour - before, r8) / real(step, r8)
       do k = hours + 1, 2, -1  ! one array assignment would make a copy of it all
          this%total_top(bounds%begt:bounds%endt, k) = this%total_top(bounds%begt:bounds%endt, k-1)
       end do
       this%total_top(bounds%begt:bounds%endt, 1) = this%total_top(bounds%begt:bounds%endt, 0) + part * total
    end do
    this%total_top(bounds%begt:bounds%endt, 0) = this%total_top(bounds%begt:bounds%endt, 0) + total

  end subroutine Add

  !-----------------------------------------------------------------------
  pure function Over(this, t, days, tod) result(rain)
    !
    ! !DESCRIPTION:
    ! Rain (mm) on a topounit over the days up to now, spval if the run does not go back that far. Between two whole
    ! hours the oldest rain counts as uniform.
    !
    ! !ARGUMENTS:
    class(landslide_rain_type), intent(in) :: this
    integer              , intent(in) :: t     ! topounit
    integer              , intent(in) :: days  ! 1 to 7
    integer              , intent(in) :: tod   ! time of day (s)
    real(r8)                          :: rain
    !
    ! !LOCAL VARIABLES:
    real(r8) :: older, newer  ! totals at the whole hours before and after the start of the window
    !-----------------------------------------------------------------------

    older = this%total_top(t, 24 * days + 1)
    newer = this%total_top(t, 24 * days)
    rain = spval
    if (older >= landslide_missing) return
    rain = this%total_top(t, 0) - (older + (newer - older) * (real(modulo(tod, hour), r8) / real(hour, r8)))

  end function Over

end module LandslideRainMod
