module elm_driver
  ! Stand-in: the order of a time step.
  use decompMod      , only : bounds_type, get_clump_bounds, get_proc_bounds, get_proc_clumps
  use elm_instMod
  use elm_varctl     , only : use_cn
  use filterMod      , only : filter
  use histFileMod    , only : hist_htapes_wrapup, hist_update_hbuf
  use perf_mod       , only : t_startf, t_stopf
  use restFileMod    , only : restFile_write
  use VegStructUpdateMod , only : VegStructUpdate
  implicit none
  private
  public :: elm_drv

contains

  subroutine elm_drv(doalb, rstwr, filer)
    use elm_time_manager , only : get_nstep
    use stub_state       , only : read_step
    logical         , intent(in) :: doalb
    logical         , intent(in) :: rstwr
    character(len=*), intent(in) :: filer  ! restart file to write
    type(bounds_type) :: bounds_proc, bounds_clump
    integer :: nclumps, nc

    call get_proc_bounds(bounds_proc)
    nclumps = get_proc_clumps()
    call read_step(get_nstep(), canopystate_vars, soilhydrology_vars)

    !$OMP PARALLEL DO PRIVATE (nc, bounds_clump)
    do nc = 1, nclumps
       call get_clump_bounds(nc, bounds_clump)

       if (use_cn .and. doalb) then
          call VegStructUpdate(filter(nc)%num_soilc)
       end if

       ! Balance
       call t_startf('balchk')
       call ColWaterBalanceCheck(bounds_clump)
       call t_stopf('balchk')
    end do
    !$OMP END PARALLEL DO

    call t_startf('hbuf')
    call hist_update_hbuf(bounds_proc)
    call t_stopf('hbuf')
    call hist_htapes_wrapup(bounds_proc, get_nstep())
    if (rstwr) call restFile_write(bounds_proc, filer)
  end subroutine elm_drv

  subroutine ColWaterBalanceCheck(bounds)
    type(bounds_type), intent(in) :: bounds
    if (bounds%level /= 2 .or. .not. allocated(filter)) stop 'ColWaterBalanceCheck: not a clump'
  end subroutine ColWaterBalanceCheck

end module elm_driver
