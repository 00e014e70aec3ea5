module LandslideMod

  !-----------------------------------------------------------------------
  ! !DESCRIPTION:
  ! ELM-Landslide in ELM: gathers the columns of fields.toml from ELM's state, runs the network, hands the outputs
  ! to the history. Diagnostic only. What ELM calls, and where, stands in cime_config/hooks.toml.
  !
  ! !USES:
  use abortutils           , only : endrun
  use CanopyStateType      , only : canopystate_type
  use ColumnDataType       , only : col_cs, col_wf, col_ws
  use ColumnType           , only : col_pp
  use decompMod            , only : bounds_type
  use elm_varcon           , only : denh2o, denice, spval, zisoi
  use elm_varctl           , only : iulog, use_cn, use_fates
  use landslide            , only : landslide_message_size, landslide_check_layers, landslide_describe, &
       landslide_load_bytes, landslide_load_file, landslide_run
  use landslide_fields
  use LandslideControlMod
  use LandslideRecordMod   , only : LandslideStartRecords, LandslideWriteRecord
  use LandslideType        , only : landslide_type
  use shr_kind_mod         , only : r8 => shr_kind_r8
  use SoilHydrologyType    , only : soilhydrology_type
  use SoilStateType        , only : soilstate_type
  use spmdMod              , only : masterproc, mpicom
  use TopounitDataType     , only : top_af
  use VegetationDataType   , only : veg_cs
  use VegetationType       , only : veg_pp
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
  real(r8)        , parameter :: g_per_kg = 1000._r8
  character(len=*), parameter :: not_in_elm = 'years_since_disturbance, root_strength_left, curvature, ' // &
       'wetness_index, aspect_sin, aspect_cos, lithology, soil_moisture_offset'
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
    use pftvarcon , only : nbrdlf_dcd_brl_tree, nbrdlf_evr_shrub, nbrdlf_dcd_brl_shrub, nc3_arctic_grass, &
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
    ! The master processor opens the file and broadcasts its bytes, from which the others open theirs.
    !
    ! !USES:
    use, intrinsic :: iso_c_binding, only : c_int8_t
    use shr_mpi_mod , only : shr_mpi_bcast
    !
    ! !LOCAL VARIABLES:
    character(len=landslide_message_size) :: message
    character(len=512)                    :: reason
    integer(c_int8_t), allocatable        :: bytes(:)
    integer          , allocatable        :: words(:)  ! the same bytes, for the broadcast
    integer :: unit, status, n
    !-----------------------------------------------------------------------

    n = 0
    if (masterproc) then
       call landslide_load_file(landslide_vars%model, trim(landslide_model), LandslideEngineSettings(), message)
       if (message /= ' ') call endrun(msg=' ERROR: ELM-Landslide: ' // trim(landslide_model) // ': ' // trim(message))
       open(newunit=unit, file=trim(landslide_model), access='stream', form='unformatted', status='old', &
            action='read', iostat=status, iomsg=reason)
       if (status == 0) inquire(unit=unit, size=n)
       allocate(bytes(n))
       if (status == 0) read(unit, iostat=status, iomsg=reason) bytes
       if (status /= 0) call endrun(msg=' ERROR: ELM-Landslide: ' // trim(landslide_model) // ': ' // trim(reason))
       close(unit)
    end if
    call shr_mpi_bcast(n, mpicom)
    if (.not. masterproc) allocate(bytes(n))
    allocate(words((n + 3) / 4))
    if (masterproc) words = transfer([bytes, 0_c_int8_t, 0_c_int8_t, 0_c_int8_t], words, size(words))
    call shr_mpi_bcast(words, mpicom)
    if (masterproc) return
    bytes = transfer(words, bytes, n)
    call landslide_load_bytes(landslide_vars%model, bytes, LandslideEngineSettings(), message)
    if (message /= ' ') call endrun(msg=' ERROR: ELM-Landslide: ' // trim(landslide_model) // ': ' // trim(message))

  end subroutine open_model

  !-----------------------------------------------------------------------
  subroutine summarise()
    !
    ! !DESCRIPTION:
    ! One line on what runs.
    !
    ! !LOCAL VARIABLES:
    character(len=:), allocatable :: json, missing
    !-----------------------------------------------------------------------

    json = landslide_describe(landslide_vars%model)
    missing = not_in_elm
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
    use elm_time_manager , only : get_curr_date, get_nstep, get_step_size
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
    integer :: year, month, day, tod, fc
    !-----------------------------------------------------------------------

    if (.not. use_landslide) return
    call get_curr_date(year, month, day, tod)
    ! Step 0 only starts the model up: like ELM's own accumulators, the rain begins with step 1.
    if (get_nstep() > 0) call landslide_vars%AddRain(bounds, top_af%rain(bounds%begt:bounds%endt), get_step_size(), tod)
    if (num_soilc == 0) return

    allocate(x(num_soilc, landslide_n_in), y(num_soilc, landslide_n_out), flag(num_soilc))
    call gather(num_soilc, filter_soilc, tod, canopystate_vars, soilhydrology_vars, soilstate_vars, x)
    call landslide_run(landslide_vars%model, x, y, flag, message)
    if (message /= ' ') call endrun(msg=' ERROR: ELM-Landslide: ' // trim(message))
    if (landslide_record) call LandslideWriteRecord(bounds, filter_soilc(1:num_soilc), x, y, flag)
    do fc = 1, num_soilc
       if (flag(fc) == landslide_flag_invalid .and. landslide_invalid == 'stop') call stop_at(filter_soilc(fc), x(fc,:))
       call landslide_vars%SetOutputs(filter_soilc(fc), y(fc,:), flag(fc))
    end do

  end subroutine LandslideRun

  !-----------------------------------------------------------------------
  subroutine gather(num_soilc, filter_soilc, tod, canopystate_vars, soilhydrology_vars, soilstate_vars, x)
    !
    ! !DESCRIPTION:
    ! The inputs of the columns, as fields.toml names them; what ELM does not have is spval.
    !
    ! !ARGUMENTS:
    integer                 , intent(in)  :: num_soilc
    integer                 , intent(in)  :: filter_soilc(:)
    integer                 , intent(in)  :: tod              ! time of day (s)
    type(canopystate_type)  , intent(in)  :: canopystate_vars
    type(soilhydrology_type), intent(in)  :: soilhydrology_vars
    type(soilstate_type)    , intent(in)  :: soilstate_vars
    real(r8)                , intent(out) :: x(:,:)           ! (num_soilc, landslide_n_in)
    !
    ! !LOCAL VARIABLES:
    integer :: fc, c, t, j, below
    !-----------------------------------------------------------------------

    x(:,:) = spval
    do fc = 1, num_soilc
       c = filter_soilc(fc)
       t = col_pp%topounit(c)

       do j = 1, nlev
          x(fc, in_liquid_water + j - 1) = over(col_ws%h2osoi_liq(c,j), denh2o * col_pp%dz(c,j))
          x(fc, in_ice          + j - 1) = over(col_ws%h2osoi_ice(c,j), denice * col_pp%dz(c,j))
          x(fc, in_porosity     + j - 1) = soilstate_vars%watsat_col(c,j)
          x(fc, in_sucsat       + j - 1) = soilstate_vars%sucsat_col(c,j)
          x(fc, in_bsw          + j - 1) = soilstate_vars%bsw_col(c,j)
          ! ELM's texture ends at bedrock; below it the last layer's goes on, as ELM itself does for its hydraulics.
          below = max(1, min(j, col_pp%nlevbed(c)))
          x(fc, in_sand         + j - 1) = soilstate_vars%cellsand_col(c,below)
          x(fc, in_clay         + j - 1) = soilstate_vars%cellclay_col(c,below)
       end do

       x(fc, in_water_table_depth        ) = soilhydrology_vars%zwt_col(c)
       x(fc, in_perched_water_table_depth) = soilhydrology_vars%zwt_perched_col(c)
       x(fc, in_frost_table_depth        ) = soilhydrology_vars%frost_table_col(c)
       x(fc, in_surface_runoff           ) = col_wf%qflx_surf(c) + col_wf%qflx_h2osfc_surf(c)
       x(fc, in_subsurface_drainage      ) = col_wf%qflx_drain(c) + col_wf%qflx_drain_perched(c)
       x(fc, in_water_input              ) = col_wf%qflx_top_soil(c)
       x(fc, in_snowmelt                 ) = col_wf%qflx_snomelt(c)
       x(fc, in_rain_1d                  ) = landslide_vars%RainOver(t, 1, tod)
       x(fc, in_rain_3d                  ) = landslide_vars%RainOver(t, 3, tod)
       x(fc, in_rain_7d                  ) = landslide_vars%RainOver(t, 7, tod)
       x(fc, in_bedrock_depth            ) = col_pp%zibed(c)
       x(fc, in_slope:in_slope + landslide_n_percentiles - 1) = landslide_vars%slope_col(c,:)
       if (use_cn) x(fc, in_vegetation_carbon) = over(col_cs%totvegc(c), g_per_kg)

       call average_patches(c, canopystate_vars, soilstate_vars, x(fc,:))
    end do

  end subroutine gather

  !-----------------------------------------------------------------------
  subroutine average_patches(c, canopystate_vars, soilstate_vars, x)
    !
    ! !DESCRIPTION:
    ! What ELM keeps by patch, averaged over the active patches of a column with their weights on it.
    !
    ! !USES:
    use pftvarcon , only : noveg, nbrdlf_dcd_brl_tree, nbrdlf_dcd_brl_shrub, nc4_grass
    !
    ! !ARGUMENTS:
    integer               , intent(in)    :: c
    type(canopystate_type), intent(in)    :: canopystate_vars
    type(soilstate_type)  , intent(in)    :: soilstate_vars
    real(r8)              , intent(inout) :: x(:)  ! (landslide_n_in) inputs of the column
    !
    ! !LOCAL VARIABLES:
    real(r8) :: root(nlev), lai, tree, shrub, grass, crop, carbon, weight
    integer  :: p, j
    !-----------------------------------------------------------------------

    root = 0._r8
    lai = 0._r8
    tree = 0._r8
    shrub = 0._r8
    grass = 0._r8
    crop = 0._r8
    carbon = 0._r8
    do p = col_pp%pfti(c), col_pp%pftf(c)
       if (.not. veg_pp%active(p)) cycle  ! its variables may never have been set
       weight = veg_pp%wtcol(p)
       if (veg_pp%itype(p) == noveg) then
          cycle
       else if (veg_pp%itype(p) <= nbrdlf_dcd_brl_tree) then
          tree = tree + weight
       else if (veg_pp%itype(p) <= nbrdlf_dcd_brl_shrub) then
          shrub = shrub + weight
       else if (veg_pp%itype(p) <= nc4_grass) then
          grass = grass + weight
       else
          crop = crop + weight
       end if
       call add(weight, canopystate_vars%tlai_patch(p), lai)
       do j = 1, nlev
          call add(weight, soilstate_vars%rootfr_patch(p,j), root(j))
       end do
       if (use_cn) call add(weight, veg_cs%frootc(p) + veg_cs%livecrootc(p) + veg_cs%deadcrootc(p), carbon)
    end do
    x(in_leaf_area_index) = lai
    x(in_root_fraction:in_root_fraction + nlev - 1) = root
    x(in_tree_cover) = tree
    x(in_shrub_cover) = shrub
    x(in_grass_cover) = grass
    x(in_crop_cover) = crop
    if (use_cn) x(in_root_carbon) = over(carbon, g_per_kg)

  end subroutine average_patches

  !-----------------------------------------------------------------------
  pure function over(value, divisor) result(quotient)
    !
    ! !DESCRIPTION:
    ! A quotient, of which spval stays spval: divided it would pass for a number.
    !
    ! !ARGUMENTS:
    real(r8), intent(in) :: value, divisor
    real(r8)             :: quotient
    !-----------------------------------------------------------------------

    quotient = spval
    if (value < landslide_missing) quotient = value / divisor

  end function over

  !-----------------------------------------------------------------------
  pure subroutine add(weight, value, total)
    !
    ! !DESCRIPTION:
    ! Add a weighted value to a sum, which is spval once a value is.
    !
    ! !ARGUMENTS:
    real(r8), intent(in)    :: weight, value
    real(r8), intent(inout) :: total
    !-----------------------------------------------------------------------

    if (total < landslide_missing .and. value < landslide_missing) then
       total = total + weight * value
    else
       total = spval
    end if

  end subroutine add

  !-----------------------------------------------------------------------
  subroutine stop_at(c, x)
    !
    ! !DESCRIPTION:
    ! Stop the run at an invalid column, and name the first required field that it lacks.
    !
    ! !USES:
    use GridcellType , only : grc_pp
    use, intrinsic :: ieee_arithmetic, only : ieee_is_finite
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
       if (.not. landslide_field_required(k)) cycle
       do i = landslide_field_first(k), landslide_field_first(k + 1) - 1
          there = ieee_is_finite(x(i))
          if (there) there = abs(x(i)) < landslide_missing  ! apart: a comparison with NaN may trap
          if (.not. there) exit fields
       end do
    end do fields
    write(place, '(a, f8.3, a, f8.3)') 'lat ', grc_pp%latdeg(col_pp%gridcell(c)), ', lon ', &
         grc_pp%londeg(col_pp%gridcell(c))
    call endrun(msg=' ERROR: ELM-Landslide: the soil column at ' // trim(place) // ' has no valid ' // &
         trim(landslide_field_names(k)) // "; landslide_invalid = 'flag' writes spval there and goes on")

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
