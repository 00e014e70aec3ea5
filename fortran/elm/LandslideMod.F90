module LandslideMod

  !-----------------------------------------------------------------------
  ! !DESCRIPTION:
  ! ELM-Landslide in ELM: what ELM calls. Each step (or landslide_interval) the inputs in fields.toml are gathered from
  ! ELM's state, the network runs, and its outputs go to the history. Diagnostic only.
  ! cime_config/hooks.toml lists where ELM calls it.
  !
  ! !USES:
  use CanopyStateType      , only : canopystate_type
  use ColumnType           , only : col_pp
  use decompMod            , only : bounds_type
  use elm_varcon           , only : zisoi
  use elm_varctl           , only : iulog, use_cn, use_fates
  use landslide            , only : landslide_message_size, landslide_check_layers, landslide_describe, &
       landslide_load_bytes, landslide_run
  use landslide_fields
  use LandslideControlMod
  use LandslideGatherMod   , only : LandslideGather
  use LandslideRecordMod   , only : LandslideStartRecords, LandslideWriteRecord
  use LandslideRootsMod    , only : LandslideAdvanceRoots
  use LandslideType        , only : landslide_type
  use shr_kind_mod         , only : r8 => shr_kind_r8
  use SoilHydrologyType    , only : soilhydrology_type
  use SoilStateType        , only : soilstate_type
  use spmdMod              , only : masterproc, mpicom
  use TopounitDataType     , only : top_af
  !
  implicit none
  private
  save
  !
  ! !PUBLIC MEMBER FUNCTIONS: each does nothing where the component is off
  public :: LandslideInit     ! settings, model, history fields, static fields
  public :: LandslideRun      ! one time step of a clump; called by many threads
  public :: LandslideReport   ! counts of flagged columns, once a month
  public :: LandslideRestart
  public :: LandslideFinal
  !
  ! !PUBLIC DATA:
  type(landslide_type), public, target :: landslide_vars
  !
  ! !PRIVATE DATA:
  integer         , parameter :: nlev = landslide_n_layers
  !-----------------------------------------------------------------------

contains

  !-----------------------------------------------------------------------
  subroutine LandslideInit(bounds)
    !
    ! !DESCRIPTION:
    ! Read the settings; if the component is on, open the model, register the history fields and read the static
    ! fields. Serial; before the restart file is read and the history tapes are built.
    !
    ! !USES:
    use elm_time_manager , only : get_step_size
    use pftvarcon        , only : nbrdlf_dcd_brl_tree, nbrdlf_evr_shrub, nbrdlf_dcd_brl_shrub, nc3_arctic_grass, &
         nc4_grass, nc3crop
    !
    ! !ARGUMENTS:
    type(bounds_type), intent(in) :: bounds  ! of the processor
    !
    ! !LOCAL VARIABLES:
    character(len=landslide_message_size) :: message
    !-----------------------------------------------------------------------

    call LandslideReadSettings()
    if (.not. use_landslide) return

    if (mod(landslide_interval, get_step_size()) /= 0) then
       write(message, '(2(a, i0), a)') 'landslide_interval is ', landslide_interval, &
            ' s, which is not a multiple of the time step of ', get_step_size(), ' s; set it in user_nl_landslide'
       call LandslideStop(message)
    end if
    if (use_fates) call LandslideStop('use_fates is on: its cohorts are not read yet; set use_landslide = .false.')
    if (any([nbrdlf_dcd_brl_tree, nbrdlf_evr_shrub, nbrdlf_dcd_brl_shrub, nc3_arctic_grass, nc4_grass, nc3crop] &
         /= [8, 9, 11, 12, 14, 15])) then
       call LandslideStop("the parameter file's PFTs are not ELM's default list, which the network knows; " // &
            'set use_landslide = .false.')
    end if
    call open_model()
    if (ubound(zisoi, 1) < nlev) call LandslideStop('ELM has fewer soil layers than the model file')
    call landslide_check_layers(landslide_vars%model, zisoi(0:nlev), message)
    if (message /= ' ') call LandslideStop(message)
    call landslide_vars%Init(bounds)
    if (landslide_record) call LandslideStartRecords()
    if (masterproc) call summarise()

  end subroutine LandslideInit

  !-----------------------------------------------------------------------
  subroutine open_model()
    !
    ! !DESCRIPTION:
    ! The master processor reads the file, once, opens the model and broadcasts the bytes, from which the others open
    ! theirs. The others wait for it: an error that all of them would meet is reported by the master alone.
    !
    ! !USES:
    use, intrinsic :: iso_c_binding, only : c_int8_t
    use shr_mpi_mod , only : shr_mpi_bcast
    !
    ! !LOCAL VARIABLES:
    integer(c_int8_t), allocatable :: bytes(:)
    integer          , allocatable :: words(:)  ! the same bytes, for the broadcast
    integer                        :: n
    !-----------------------------------------------------------------------

    if (masterproc) then
       call read_model(bytes)
       call open_bytes(bytes)
       n = size(bytes)
    end if
    call shr_mpi_bcast(n, mpicom)
    allocate(words((n + 3) / 4))
    if (masterproc) words = transfer([bytes, 0_c_int8_t, 0_c_int8_t, 0_c_int8_t], words, size(words))
    call shr_mpi_bcast(words, mpicom)
    if (.not. masterproc) call open_bytes(transfer(words, [0_c_int8_t], n))

  end subroutine open_model

  !-----------------------------------------------------------------------
  subroutine read_model(bytes)
    !
    ! !DESCRIPTION:
    ! Read the model file on this processor. A file that is not regular is refused before it is opened, because
    ! opening a pipe would wait, and one that is too large before it is read.
    !
    ! !USES:
    use, intrinsic :: iso_c_binding, only : c_int8_t, c_int64_t
    !
    ! !ARGUMENTS:
    integer(c_int8_t), allocatable, intent(out) :: bytes(:)
    !
    ! !LOCAL VARIABLES:
    character(len=512) :: reason
    integer(c_int64_t) :: n
    integer            :: unit, status
    logical            :: exists
    !-----------------------------------------------------------------------

    inquire(file=trim(landslide_model), exist=exists, size=n)
    if (exists .and. n <= 0) call refuse_model('not a regular file, or an empty one')
    if (n > landslide_model_bytes) then
       write(reason, '(2(a, i0), a)') 'has ', n, ' bytes, more than the ', landslide_model_bytes, &
            ' of the largest model file'
       call refuse_model(reason)
    end if
    open(newunit=unit, file=trim(landslide_model), access='stream', form='unformatted', status='old', &
         action='read', iostat=status, iomsg=reason)
    if (status == 0) allocate(bytes(n))
    if (status == 0) read(unit, iostat=status, iomsg=reason) bytes
    if (status /= 0) call refuse_model(reason)
    close(unit)

  end subroutine read_model

  !-----------------------------------------------------------------------
  subroutine open_bytes(bytes)
    !
    ! !USES:
    use, intrinsic :: iso_c_binding, only : c_int8_t
    !
    ! !ARGUMENTS:
    integer(c_int8_t), intent(in) :: bytes(:)
    !
    ! !LOCAL VARIABLES:
    character(len=landslide_message_size) :: message
    !-----------------------------------------------------------------------

    call landslide_load_bytes(landslide_vars%model, bytes, LandslideEngineSettings(), message)
    if (message /= ' ') call refuse_model(message)

  end subroutine open_bytes

  !-----------------------------------------------------------------------
  subroutine refuse_model(reason)
    !
    ! !ARGUMENTS:
    character(len=*), intent(in) :: reason
    !-----------------------------------------------------------------------

    call LandslideAbort(trim(landslide_model) // ': ' // trim(reason) // &
         '; file and engine are set in user_nl_landslide')

  end subroutine refuse_model

  !-----------------------------------------------------------------------
  subroutine summarise()
    !
    ! !DESCRIPTION:
    ! One line in the log on what runs.
    !
    ! !LOCAL VARIABLES:
    character(len=:), allocatable :: json, missing
    !-----------------------------------------------------------------------

    json = landslide_describe(landslide_vars%model)
    missing = landslide_not_in_elm
    if (landslide_moisture_offset == ' ') missing = missing // ', soil_moisture_offset'
    if (.not. landslide_vars%static%has_wetness) missing = missing // ', wetness_low, wetness_median, wetness_high'
    if (.not. landslide_vars%static%has_leaf) missing = missing // ', leaf_area_ratio'
    if (.not. use_cn) missing = 'vegetation_carbon, root_carbon, ' // missing
    write(iulog,'(a)') ' ELM-Landslide: model ' // trim(landslide_model) // ', SHA-256 ' // text_of(json, 'sha256') // &
         ', engine ' // text_of(json, 'engine') // ', instruction set ' // text_of(json, 'instruction_set') // &
         '; missing fields, which take their defaults: ' // missing // '; derived fields: none'

  end subroutine summarise

  !-----------------------------------------------------------------------
  pure function text_of(json, key) result(text)
    !
    ! !DESCRIPTION:
    ! The first string of that key in the engine's own description, which has no escapes in these.
    !
    ! !ARGUMENTS:
    character(len=*), intent(in)  :: json, key
    character(len=:), allocatable :: text
    !
    ! !LOCAL VARIABLES:
    integer :: first
    !-----------------------------------------------------------------------

    text = 'none'
    first = index(json, '"' // key // '": "')
    if (first == 0) return
    first = first + len(key) + 5
    if (index(json(first:), '"') > 1) text = json(first:first + index(json(first:), '"') - 2)

  end function text_of

  !-----------------------------------------------------------------------
  subroutine LandslideRun(bounds, num_soilc, filter_soilc, canopystate_vars, soilhydrology_vars, soilstate_vars)
    !
    ! !DESCRIPTION:
    ! One time step of a clump's soil columns. Threads run their clumps at the same time: all scratch is local.
    !
    ! !USES:
    use elm_time_manager , only : get_curr_date, get_nstep, get_prev_date, get_step_size
    !
    ! !ARGUMENTS:
    type(bounds_type)       , intent(in) :: bounds              ! of the clump
    integer                 , intent(in) :: num_soilc           ! number of soil columns, which may be 0
    integer                 , intent(in) :: filter_soilc(:)     ! their indices
    type(canopystate_type)  , intent(in) :: canopystate_vars
    type(soilhydrology_type), intent(in) :: soilhydrology_vars
    type(soilstate_type)    , intent(in) :: soilstate_vars
    !
    ! !LOCAL VARIABLES:
    real(r8), allocatable :: x(:,:), y(:,:)
    integer , allocatable :: flag(:)
    character(len=landslide_message_size) :: message
    integer :: year, month, day, tod, before, step, fc
    !-----------------------------------------------------------------------

    if (.not. use_landslide) return
    call get_prev_date(year, month, day, tod)
    before = 10000 * year + 100 * month + day
    call get_curr_date(year, month, day, tod)
    ! Step 0 only starts the model up: like ELM's own accumulators, the rain begins with step 1.
    if (get_nstep() > 0) then
       call landslide_vars%rain%Add(bounds, top_af%rain(bounds%begt:bounds%endt), get_step_size(), tod)
    end if
    if (num_soilc == 0) return
    step = get_step_size()
    if (get_nstep() == 0) then
       step = 0
       ! What happens on the first day, happens now; a run that starts from another's file has seen it.
       before = merge(0, 10000 * year + 100 * month + day, landslide_vars%cold)
    end if
    call LandslideAdvanceRoots(landslide_vars, num_soilc, filter_soilc, step, before, 10000 * year + 100 * month + day)
    if (landslide_interval > 0) then  ! between two runs of the network the outputs stay as they are
       if (mod(tod, landslide_interval) /= 0 .and. get_nstep() > 0) return
    end if

    allocate(x(num_soilc, landslide_n_in), y(num_soilc, landslide_n_out), flag(num_soilc))
    call LandslideGather(landslide_vars, num_soilc, filter_soilc, month, day, tod, canopystate_vars, &
         soilhydrology_vars, soilstate_vars, x)
    call landslide_run(landslide_vars%model, x, y, flag, message)
    if (message /= ' ') call LandslideAbort(message)
    if (landslide_record) call LandslideWriteRecord(bounds, filter_soilc(1:num_soilc), x, y, flag)
    do fc = 1, num_soilc
       if (flag(fc) == landslide_flag_invalid .and. landslide_invalid == 'stop') call stop_at(filter_soilc(fc), x(fc,:))
       call landslide_vars%SetOutputs(filter_soilc(fc), y(fc,:), flag(fc))
    end do

  end subroutine LandslideRun

  !-----------------------------------------------------------------------
  subroutine stop_at(c, x)
    !
    ! !DESCRIPTION:
    ! Stop the run at an invalid column, and name its first missing required field.
    !
    ! !USES:
    use, intrinsic :: ieee_arithmetic, only : ieee_is_finite
    use GridcellType , only : grc_pp
    !
    ! !ARGUMENTS:
    integer , intent(in) :: c
    real(r8), intent(in) :: x(:)
    !
    ! !LOCAL VARIABLES:
    character(len=80) :: place
    integer           :: i, k
    logical           :: there
    !-----------------------------------------------------------------------

    fields: do k = 1, landslide_n_fields - 1
       if (.not. landslide_field_required(k)) cycle fields
       do i = landslide_field_first(k), landslide_field_first(k + 1) - 1
          there = ieee_is_finite(x(i))
          if (there) there = abs(x(i)) < landslide_missing  ! separate: a comparison with NaN may trap
          if (.not. there) exit fields
       end do
    end do fields
    write(place, '(a, f8.3, a, f8.3)') 'lat ', grc_pp%latdeg(col_pp%gridcell(c)), ', lon ', &
         grc_pp%londeg(col_pp%gridcell(c))
    call LandslideAbort('the soil column at ' // trim(place) // ' has no valid ' // &
         trim(landslide_field_names(k)) // "; landslide_invalid = 'flag' writes spval there and continues")

  end subroutine stop_at

  !-----------------------------------------------------------------------
  subroutine LandslideReport(bounds)
    !
    ! !DESCRIPTION:
    ! At the end of a month write how many column steps were flagged. Serial, on all processors.
    !
    ! !USES:
    use elm_time_manager , only : get_nstep, get_prev_date, is_end_curr_month
    use shr_mpi_mod      , only : shr_mpi_sum
    !
    ! !ARGUMENTS:
    type(bounds_type), intent(in) :: bounds  ! of the processor
    !
    ! !LOCAL VARIABLES:
    real(r8)          :: here(0:landslide_flag_invalid), all_steps(0:landslide_flag_invalid)
    character(len=80) :: counts
    integer           :: year, month, day, tod
    !-----------------------------------------------------------------------

    if (.not. use_landslide) return
    if (get_nstep() == 0) landslide_vars%flag_count_col(:,:) = 0._r8  ! step 0 only starts the model up
    if (get_nstep() == 0 .or. .not. is_end_curr_month()) return
    here = sum(landslide_vars%flag_count_col(bounds%begc:bounds%endc, :), dim=1)
    landslide_vars%flag_count_col(:,:) = 0._r8
    call shr_mpi_sum(here, all_steps, mpicom, 'LandslideReport')
    if (.not. masterproc) return
    call get_prev_date(year, month, day, tod)
    write(counts, '(i0.4, "-", i2.2, 4(a, i0))') year, month, ': ok ', nint(all_steps(landslide_flag_ok), 8), &
         ', filled ', nint(all_steps(landslide_flag_filled), 8), ', outside ', &
         nint(all_steps(landslide_flag_outside), 8), ', invalid ', nint(all_steps(landslide_flag_invalid), 8)
    write(iulog,'(a)') ' ELM-Landslide: column steps in ' // trim(counts)

  end subroutine LandslideReport

  !-----------------------------------------------------------------------
  subroutine LandslideRestart(bounds, ncid, flag)
    !
    ! !USES:
    use ncdio_pio , only : file_desc_t
    !
    ! !ARGUMENTS:
    type(bounds_type), intent(in)    :: bounds  ! of the processor
    type(file_desc_t), intent(inout) :: ncid
    character(len=*) , intent(in)    :: flag    ! 'define', 'write' or 'read'
    !-----------------------------------------------------------------------

    if (use_landslide) call landslide_vars%Restart(bounds, ncid, flag)

  end subroutine LandslideRestart

  !-----------------------------------------------------------------------
  subroutine LandslideFinal()
    !-----------------------------------------------------------------------

    if (use_landslide) call landslide_vars%Final()

  end subroutine LandslideFinal

end module LandslideMod
