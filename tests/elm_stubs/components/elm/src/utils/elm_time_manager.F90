module elm_time_manager
  ! Stand-in: a calendar of 365 days and steps of equal length.
  implicit none
  private
  public :: timemgr_init, advance_timestep, get_curr_date, get_prev_date, get_nstep, get_step_size, is_end_curr_month, &
       get_calendar

  integer, parameter :: days(12) = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
  integer :: start_date = 0  ! yyyymmdd, at 0 s
  integer :: dtime = 0       ! s
  integer :: nstep = 0

contains

  subroutine timemgr_init(start, step, first)
    integer, intent(in) :: start  ! yyyymmdd
    integer, intent(in) :: step   ! s
    integer, intent(in) :: first  ! step to begin with: 0, or where a restart file ends

    start_date = start
    dtime = step
    nstep = first
  end subroutine timemgr_init

  subroutine advance_timestep()
    nstep = nstep + 1
  end subroutine advance_timestep

  subroutine date_after(seconds, yr, mon, day, tod)
    integer, intent(in)  :: seconds  ! since the start
    integer, intent(out) :: yr, mon, day, tod

    yr = start_date / 10000
    mon = mod(start_date, 10000) / 100
    day = mod(start_date, 100) + seconds / 86400
    tod = mod(seconds, 86400)
    do while (day > days(mon))
       day = day - days(mon)
       mon = mon + 1
       if (mon <= 12) cycle
       mon = 1
       yr = yr + 1
    end do
  end subroutine date_after

  subroutine get_curr_date(yr, mon, day, tod, offset)
    integer, intent(out) :: yr, mon, day, tod  ! at the end of the step
    integer, optional, intent(in) :: offset    ! s
    integer :: seconds

    seconds = nstep * dtime
    if (present(offset)) seconds = seconds + offset
    call date_after(seconds, yr, mon, day, tod)
  end subroutine get_curr_date

  subroutine get_prev_date(yr, mon, day, tod)
    integer, intent(out) :: yr, mon, day, tod  ! at its beginning

    call date_after(max(nstep - 1, 0) * dtime, yr, mon, day, tod)
  end subroutine get_prev_date

  integer function get_nstep()
    get_nstep = nstep
  end function get_nstep

  integer function get_step_size()
    get_step_size = dtime
  end function get_step_size

  function get_calendar()
    character(len=256) :: get_calendar

    get_calendar = 'NO_LEAP'
  end function get_calendar

  logical function is_end_curr_month()
    integer :: yr, mon, day, tod

    call get_curr_date(yr, mon, day, tod)
    is_end_curr_month = day == 1 .and. tod == 0
  end function is_end_curr_month

end module elm_time_manager
