program stub_main
  ! The stand-in ELM: settings from stub_in, then the start, the steps and the end in ELM's order.
  use decompMod         , only : clump_pproc
  use elm_driver        , only : elm_drv
  use elm_finalizeMod   , only : final
  use elm_initializeMod , only : initialize1, initialize2
  use elm_instance      , only : inst_suffix
  use elm_time_manager  , only : advance_timestep, timemgr_init
  use elm_varctl        , only : finidat, fsurdat, nsrest, nsrStartup, use_cn
  use histFileMod       , only : hist_folder, hist_nhtfrq
  use mpi
  use spmdMod           , only : spmd_init
  use stub_state        , only : state_folder
  implicit none
  integer            :: start_date = 20010101, dtime = 1800
  integer            :: first_step = 0       ! 0, or the step that the restart file holds
  integer            :: last_step = 48
  character(len=256) :: restart_to_read = ' ', restart_to_write = ' '
  integer :: unit, error, nstep, provided
  integer, external :: omp_get_max_threads
  namelist /stub_inparm/ start_date, dtime, first_step, last_step, restart_to_read, restart_to_write, hist_folder, &
       hist_nhtfrq, state_folder, fsurdat, finidat, use_cn, inst_suffix

  call mpi_init_thread(MPI_THREAD_FUNNELED, provided, error)
  call spmd_init(MPI_COMM_WORLD)
  open(newunit=unit, file='stub_in', status='old', action='read')
  read(unit, nml=stub_inparm)
  close(unit)
  clump_pproc = omp_get_max_threads()

  call timemgr_init(start_date, dtime, first_step)
  nsrest = merge(nsrStartup, 1, first_step == 0)
  call initialize1()
  call initialize2(restart_to_read)
  if (first_step == 0) call elm_drv(.true., .false., ' ')  ! as ELM does, once before the first step
  do nstep = first_step + 1, last_step
     call advance_timestep()
     call elm_drv(.true., nstep == last_step .and. restart_to_write /= ' ', restart_to_write)
  end do
  call final()
  call mpi_finalize(error)
end program stub_main
