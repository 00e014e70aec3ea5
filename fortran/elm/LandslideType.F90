module LandslideType

  !-----------------------------------------------------------------------
  ! !DESCRIPTION:
  ! Data of ELM-Landslide: history fields, static fields, antecedent rain, memory of roots and the model's handle.
  ! Diagnostic only: nothing here is read by another part of ELM.
  !
  ! !USES:
  use ColumnType          , only : col_pp
  use decompMod           , only : bounds_type
  use domainMod           , only : ldomain
  use elm_varcon          , only : spval
  use elm_varctl          , only : iulog
  use landslide           , only : landslide_model_type
  use landslide_fields    , only : landslide_chance_history, landslide_chance_long_name, landslide_chance_units, &
       landslide_flag_outside, landslide_flag_invalid, landslide_missing, landslide_n_out, &
       landslide_output_history, landslide_output_long_names, landslide_output_units, &
       landslide_outside_history, landslide_outside_long_name, landslide_outside_units, &
       landslide_root_version, landslide_strength_history, landslide_strength_long_name, landslide_strength_units, &
       out_hazard
  use landslide_roots     , only : landslide_root_states, landslide_roots_start
  use LandslideChanceMod  , only : Chance, OrdinaryNumber
  use LandslideControlMod , only : landslide_base_rate, landslide_disturbance, landslide_interval, &
       landslide_moisture_offset, landslide_rain_factor, landslide_static, LandslideStop
  use LandslideDisturbanceMod, only : landslide_disturbance_type
  use LandslideMonthlyMod , only : landslide_monthly_type
  use LandslideRainMod    , only : hours, landslide_rain_type
  use LandslideStaticMod  , only : landslide_static_type
  use shr_kind_mod        , only : r8 => shr_kind_r8
  use spmdMod             , only : masterproc
  !
  implicit none
  private
  save
  !
  ! !PUBLIC DATA:
  integer , parameter :: outside = landslide_n_out + 1  ! of out_col
  character(len=*), parameter :: again = 'missing until the run has computed it again'
  character(len=*), parameter :: forgotten = 'what was lost before is forgotten'
  ! Of another schema the same numbers may mean something else.
  character(len=*), parameter :: root_dimension = 'landslide_root_' // landslide_root_version
  !
  ! !PUBLIC TYPES:
  type, public :: landslide_type

     type(landslide_model_type) :: model              ! opened once, shared by all threads

     ! History
     real(r8), pointer :: out_col        (:,:) => null() ! col outputs of the network, (begc:endc, landslide_n_out + 1);
     ! the last is 1 where the state lay outside the training domain, else 0
     real(r8), pointer :: chance_col     (:)   => null() ! col chance of a landslide in the gridcell and day (1)

     real(r8), pointer :: strength_col   (:)   => null() ! col root cohesion relative to that without loss (1)

     ! Memory of roots, as landslide_roots has it
     real(r8), pointer :: root_col       (:,:) => null() ! col, (begc:endc, landslide_root_states)
     type(landslide_disturbance_type) :: disturbance
     logical                          :: cold = .true.  ! a run that starts without another's file

     ! Static
     type(landslide_static_type) :: static
     real(r8), pointer :: ordinary_col   (:)   => null() ! col landslides in the gridcell on an ordinary day (1/day)

     type(landslide_rain_type) :: rain

     type(landslide_monthly_type) :: moisture   ! offsets of soil moisture by month; not in the restart file
     type(landslide_monthly_type) :: intensity  ! factors of rain where it falls, likewise

     ! Column steps of each flag since the last report; log only, so not in the restart file
     real(r8), pointer :: flag_count_col (:,:) => null() ! col, (begc:endc, 0:landslide_flag_invalid)

   contains

     procedure, public  :: Init
     procedure, public  :: Restart
     procedure, public  :: Final
     procedure, public  :: SetOutputs
     procedure, private :: InitAllocate
     procedure, private :: InitHistory
     procedure, private :: InitOrdinary
     procedure, private :: InitDisturbance

  end type landslide_type
  !-----------------------------------------------------------------------

contains

  !-----------------------------------------------------------------------
  subroutine Init(this, bounds)
    !
    ! !ARGUMENTS:
    class(landslide_type)         :: this
    type(bounds_type), intent(in) :: bounds  ! of the processor
    !-----------------------------------------------------------------------

    call this%InitAllocate(bounds)
    call this%InitHistory(bounds)
    call this%rain%Init(bounds)
    call this%static%Init(bounds, landslide_static)
    call this%InitOrdinary(bounds)
    call this%InitDisturbance(bounds)
    call this%moisture%InitMoisture(bounds, landslide_moisture_offset)
    call this%intensity%InitRain(bounds, landslide_rain_factor)

  end subroutine Init

  !-----------------------------------------------------------------------
  subroutine InitAllocate(this, bounds)
    !
    ! !ARGUMENTS:
    class(landslide_type)         :: this
    type(bounds_type), intent(in) :: bounds
    !
    ! !LOCAL VARIABLES:
    integer :: c
    !-----------------------------------------------------------------------

    associate(begc => bounds%begc, endc => bounds%endc)
    allocate(this%out_col        (begc:endc, landslide_n_out + 1))      ; this%out_col        (:,:) = spval
    allocate(this%chance_col     (begc:endc))                           ; this%chance_col     (:)   = spval
    allocate(this%ordinary_col   (begc:endc))                           ; this%ordinary_col   (:)   = spval
    allocate(this%strength_col   (begc:endc))                           ; this%strength_col   (:)   = spval
    allocate(this%root_col       (begc:endc, landslide_root_states))
    allocate(this%flag_count_col (begc:endc, 0:landslide_flag_invalid)) ; this%flag_count_col (:,:) = 0._r8
    do c = begc, endc
       call landslide_roots_start(this%root_col(c,:))
    end do
    end associate

  end subroutine InitAllocate

  !-----------------------------------------------------------------------
  subroutine InitHistory(this, bounds)
    !
    ! !USES:
    use histFileMod , only : hist_addfld1d
    !
    ! !ARGUMENTS:
    class(landslide_type)         :: this
    type(bounds_type), intent(in) :: bounds
    !
    ! !LOCAL VARIABLES:
    real(r8), pointer :: output_col(:)  ! one output
    integer           :: k
    !-----------------------------------------------------------------------

    do k = 1, landslide_n_out
       output_col(bounds%begc:) => this%out_col(:, k)
       call hist_addfld1d(fname=trim(landslide_output_history(k)), units=trim(landslide_output_units(k)), &
            avgflag='A', long_name=trim(landslide_output_long_names(k)), &
            ptr_col=output_col, l2g_scale_type='veg')
    end do
    output_col(bounds%begc:) => this%out_col(:, outside)
    call hist_addfld1d(fname=landslide_outside_history, units=landslide_outside_units, &
         avgflag='A', long_name=landslide_outside_long_name, &
         ptr_col=output_col, l2g_scale_type='veg')
    call hist_addfld1d(fname=landslide_chance_history, units=landslide_chance_units, &
         avgflag='A', long_name=landslide_chance_long_name, &
         ptr_col=this%chance_col, l2g_scale_type='veg')
    call hist_addfld1d(fname=landslide_strength_history, units=landslide_strength_units, &
         avgflag='A', long_name=landslide_strength_long_name, &
         ptr_col=this%strength_col, l2g_scale_type='veg', default='inactive')

  end subroutine InitHistory

  !-----------------------------------------------------------------------
  subroutine InitOrdinary(this, bounds)
    !
    ! !DESCRIPTION:
    ! Count the landslides of an ordinary day by the steep land.
    !
    ! !ARGUMENTS:
    class(landslide_type)         :: this
    type(bounds_type), intent(in) :: bounds
    !
    ! !LOCAL VARIABLES:
    integer :: c, g
    !-----------------------------------------------------------------------

    do c = bounds%begc, bounds%endc
       g = col_pp%gridcell(c)
       this%ordinary_col(c) = OrdinaryNumber(landslide_base_rate, ldomain%area(g), ldomain%frac(g), &
            this%static%slope_col(c, :))
    end do

  end subroutine InitOrdinary

  !-----------------------------------------------------------------------
  subroutine InitDisturbance(this, bounds)
    !
    ! !USES:
    use elm_time_manager , only : get_curr_date
    use elm_varctl       , only : finidat, nsrest, nsrStartup
    !
    ! !ARGUMENTS:
    class(landslide_type)         :: this
    type(bounds_type), intent(in) :: bounds
    !
    ! !LOCAL VARIABLES:
    integer :: year, month, day, tod, start
    !-----------------------------------------------------------------------

    start = 0  ! what happened before a run that continues another is in the restart file
    call get_curr_date(year, month, day, tod)
    this%cold = nsrest == nsrStartup .and. finidat == ' '
    if (this%cold) start = 10000 * year + 100 * month + day
    call this%disturbance%Init(bounds, landslide_disturbance, start)

  end subroutine InitDisturbance

  !-----------------------------------------------------------------------
  subroutine Restart(this, bounds, ncid, flag)
    !
    ! !DESCRIPTION:
    ! Write or read the antecedent rain, the memory of roots and, if they hold for more than one step, the outputs. A
    ! file without them, written with the component off, is no error: rain and outputs are then missing until the run is
    ! as long as the windows, and until the network runs; what was lost before is not remembered.
    !
    ! !USES:
    use ncdio_pio   , only : file_desc_t, ncd_defdim, ncd_double
    use restUtilMod , only : restartvar
    !
    ! !ARGUMENTS:
    class(landslide_type)            :: this
    type(bounds_type), intent(in)    :: bounds
    type(file_desc_t), intent(inout) :: ncid
    character(len=*) , intent(in)    :: flag  ! 'define', 'write' or 'read'
    !
    ! !LOCAL VARIABLES:
    integer :: id
    logical :: readvar
    !-----------------------------------------------------------------------

    if (flag == 'define') call ncd_defdim(ncid, 'landslide_hour', hours + 2, id)
    if (available(ncid, flag, 'LANDSLIDE_RAIN', again)) call restartvar(ncid=ncid, flag=flag, &
         varname='LANDSLIDE_RAIN', xtype=ncd_double, dim1name='topounit', dim2name='landslide_hour', &
         switchdim=.true., lowerb2=0, upperb2=hours + 1, units='mm', &
         long_name='rain since the start of the run: now, at the last whole hour and at those before', &
         interpinic_flag='skip', readvar=readvar, data=this%rain%total_top)
    if (flag == 'define') call ncd_defdim(ncid, root_dimension, landslide_root_states, id)
    if (flag == 'read') call check_states(ncid)
    if (available(ncid, flag, 'LANDSLIDE_ROOT_STATE', forgotten)) call restartvar(ncid=ncid, flag=flag, &
         varname='LANDSLIDE_ROOT_STATE', xtype=ncd_double, dim1name='column', dim2name=root_dimension, &
         switchdim=.true., lowerb2=1, upperb2=landslide_root_states, units='mixed', &
         long_name='memory of lost and growing roots, as in landslide_roots.F90', &
         interpinic_flag='skip', readvar=readvar, data=this%root_col)
    if (landslide_interval == 0) return
    if (flag == 'define') call ncd_defdim(ncid, 'landslide_output', landslide_n_out + 1, id)
    if (available(ncid, flag, 'LANDSLIDE_OUTPUTS', again)) call restartvar(ncid=ncid, flag=flag, &
         varname='LANDSLIDE_OUTPUTS', xtype=ncd_double, dim1name='column', dim2name='landslide_output', &
         switchdim=.true., lowerb2=1, upperb2=landslide_n_out + 1, units='mixed', &
         long_name='outputs of the network when it last ran, and whether outside its domain', &
         interpinic_flag='skip', readvar=readvar, data=this%out_col)
    if (flag /= 'read') return
    this%chance_col(:) = Chance(this%ordinary_col, this%out_col(:, out_hazard))

  end subroutine Restart

  !-----------------------------------------------------------------------
  subroutine check_states(ncid)
    !
    ! !DESCRIPTION:
    ! Stop at a restart file whose memory of roots is of another version.
    !
    ! !USES:
    use ncdio_pio , only : file_desc_t, ncd_inqdid, ncd_inqvid, var_desc_t
    !
    ! !ARGUMENTS:
    type(file_desc_t), intent(inout) :: ncid
    !
    ! !LOCAL VARIABLES:
    type(var_desc_t) :: vardesc
    integer          :: id
    logical          :: there, same
    !-----------------------------------------------------------------------

    call ncd_inqvid(ncid, 'LANDSLIDE_ROOT_STATE', id, vardesc, there)
    if (.not. there) return
    call ncd_inqdid(ncid, root_dimension, id, same)
    if (.not. same) call LandslideStop('LANDSLIDE_ROOT_STATE of the restart file is of another version, its ' // &
         'dimension is not ' // root_dimension // ': continue with the version of ELM-Landslide that wrote it')

  end subroutine check_states

  !-----------------------------------------------------------------------
  function available(ncid, flag, name, otherwise) result(there)
    !
    ! !DESCRIPTION:
    ! False, with a line in the log, for a variable that is to be read and is not in the restart file.
    !
    ! !USES:
    use ncdio_pio , only : file_desc_t, ncd_inqvid, var_desc_t
    !
    ! !ARGUMENTS:
    type(file_desc_t), intent(inout) :: ncid
    character(len=*) , intent(in)    :: flag  ! 'define', 'write' or 'read'
    character(len=*) , intent(in)    :: name
    character(len=*) , intent(in)    :: otherwise  ! what it means that it is not there
    logical                          :: there
    !
    ! !LOCAL VARIABLES:
    type(var_desc_t) :: vardesc
    integer          :: id
    !-----------------------------------------------------------------------

    there = .true.
    if (flag == 'read') call ncd_inqvid(ncid, name, id, vardesc, there)
    if (.not. there .and. masterproc) write(iulog,*) 'ELM-Landslide: ', name, ' is not in the restart file: ', otherwise

  end function available

  !-----------------------------------------------------------------------
  subroutine SetOutputs(this, c, y, flag)
    !
    ! !DESCRIPTION:
    ! Hand the outputs of a column to the history.
    !
    ! !ARGUMENTS:
    class(landslide_type) :: this
    integer , intent(in)  :: c
    real(r8), intent(in)  :: y(:)  ! (landslide_n_out), spval where the column is invalid
    integer , intent(in)  :: flag
    !-----------------------------------------------------------------------

    this%out_col(c, :outside-1) = y
    this%out_col(c, outside) = merge(1._r8, 0._r8, flag == landslide_flag_outside)
    if (flag == landslide_flag_invalid) this%out_col(c, outside) = spval
    this%chance_col(c) = Chance(this%ordinary_col(c), this%out_col(c, out_hazard))
    this%flag_count_col(c, flag) = this%flag_count_col(c, flag) + 1._r8

  end subroutine SetOutputs

  !-----------------------------------------------------------------------
  subroutine Final(this)
    !
    ! !USES:
    use landslide , only : landslide_close
    !
    ! !ARGUMENTS:
    class(landslide_type) :: this
    !-----------------------------------------------------------------------

    ! The arrays stay: ELM's history points to them as long as the run lasts.
    call landslide_close(this%model)

  end subroutine Final

end module LandslideType
