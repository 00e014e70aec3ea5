module stub_state
  ! What ELM's physics would do: the state of each step comes from files (stub_files), written by the tests.
  use CanopyStateType    , only : canopystate_type
  use ColumnDataType     , only : col_cs, col_wf, col_ws
  use ColumnType         , only : col_pp
  use decompMod          , only : bounds_type, decomp_init, get_clump_bounds, get_proc_bounds, get_proc_clumps, &
       of_columns, of_gridcells, of_patches, of_topounits, stub_before
  use domainMod          , only : ldomain
  use elm_varctl         , only : use_cn
  use elm_varcon         , only : zisoi
  use elm_varpar         , only : nlevgrnd
  use filterMod          , only : filter
  use GridcellType       , only : grc_pp
  use shr_kind_mod       , only : r8 => shr_kind_r8
  use SoilHydrologyType  , only : soilhydrology_type
  use SoilStateType      , only : soilstate_type
  use stub_files         , only : read_items
  use TopounitDataType   , only : top_af
  use topounit_varcon    , only : max_topounits
  use VegetationDataType , only : veg_cf, veg_cs
  use VegetationType     , only : veg_pp
  implicit none
  private
  public :: read_decomposition, read_static, read_step
  character(len=256), public :: state_folder = ' '

contains

  ! The numbers of topounits, columns and patches of each gridcell.
  subroutine read_decomposition()
    integer, allocatable  :: first(:,:)  ! (4, gridcells + 1)
    real(r8), allocatable :: counts(:,:) ! (3, gridcells)
    integer :: unit, bytes, g

    open(newunit=unit, file=trim(state_folder) // '/counts', access='stream', form='unformatted', status='old', &
         action='read')
    inquire(unit=unit, size=bytes)
    allocate(counts(3, bytes / 24), first(4, bytes / 24 + 1))
    read(unit) counts
    close(unit)
    first(:, 1) = 1
    do g = 1, size(counts, 2)
       first(:, g + 1) = first(:, g) + [1, nint(counts(:, g))]
    end do
    max_topounits = nint(maxval(counts(1, :)))
    call decomp_init(first)
  end subroutine read_decomposition

  function items(name, of, levels, record) result(values)
    character(len=*), intent(in) :: name
    integer         , intent(in) :: of, levels, record
    real(r8), allocatable :: values(:,:)
    type(bounds_type) :: bounds

    call get_proc_bounds(bounds)
    select case (of)
    case (of_gridcells)
       allocate(values(bounds%begg:bounds%endg, levels))
    case (of_topounits)
       allocate(values(bounds%begt:bounds%endt, levels))
    case (of_columns)
       allocate(values(bounds%begc:bounds%endc, levels))
    case default
       allocate(values(bounds%begp:bounds%endp, levels))
    end select
    call read_items(trim(state_folder) // '/' // name, of, record, values)
  end function items

  function flat(name, of, record) result(values)
    character(len=*), intent(in) :: name
    integer         , intent(in) :: of, record
    real(r8), allocatable :: values(:)
    real(r8), allocatable :: two(:,:)

    two = items(name, of, 1, record)
    values = two(:, 1)
  end function flat

  subroutine read_static(soilstate_vars)
    type(soilstate_type), intent(inout) :: soilstate_vars
    type(bounds_type) :: bounds
    integer, allocatable :: topounits(:), patches(:)
    real(r8), allocatable :: soil(:)
    integer :: unit, g, c, nc

    open(newunit=unit, file=trim(state_folder) // '/zisoi', access='stream', form='unformatted', status='old', &
         action='read')
    read(unit) zisoi
    close(unit)
    call get_proc_bounds(bounds)
    grc_pp%latdeg = flat('lat', of_gridcells, 0)
    grc_pp%londeg = flat('lon', of_gridcells, 0)
    ldomain%area(:) = flat('area', of_gridcells, 0)
    ldomain%frac(:) = flat('frac', of_gridcells, 0)
    topounits = nint(flat('topounits', of_gridcells, 0))
    grc_pp%topi(bounds%begg) = bounds%begt
    do g = bounds%begg, bounds%endg
       if (g > bounds%begg) grc_pp%topi(g) = grc_pp%topf(g - 1) + 1
       grc_pp%topf(g) = grc_pp%topi(g) + topounits(g - bounds%begg + 1) - 1
    end do
    col_pp%gridcell = nint(flat('column_gridcell', of_columns, 0)) - stub_before(of_gridcells)
    col_pp%topounit = grc_pp%topi(col_pp%gridcell) + nint(flat('column_topounit', of_columns, 0)) - 1
    col_pp%wtgcell = flat('wtgcell', of_columns, 0)
    col_pp%nlevbed = nint(flat('nlevbed', of_columns, 0))
    col_pp%zibed = flat('zibed', of_columns, 0)
    col_pp%dz(:, 1:) = items('dz', of_columns, nlevgrnd, 0)
    patches = nint(flat('patches', of_columns, 0))
    col_pp%pfti(bounds%begc) = bounds%begp
    do c = bounds%begc, bounds%endc
       if (c > bounds%begc) col_pp%pfti(c) = col_pp%pftf(c - 1) + 1
       col_pp%pftf(c) = col_pp%pfti(c) + patches(c - bounds%begc + 1) - 1
    end do
    veg_pp%itype = nint(flat('itype', of_patches, 0))
    soilstate_vars%watsat_col = items('watsat', of_columns, nlevgrnd, 0)
    soilstate_vars%sucsat_col = items('sucsat', of_columns, nlevgrnd, 0)
    soilstate_vars%bsw_col = items('bsw', of_columns, nlevgrnd, 0)
    soilstate_vars%cellsand_col = items('cellsand', of_columns, nlevgrnd, 0)
    soilstate_vars%cellclay_col = items('cellclay', of_columns, nlevgrnd, 0)
    soilstate_vars%rootfr_patch = items('rootfr', of_patches, nlevgrnd, 0)

    soil = flat('is_soil', of_columns, 0)
    allocate(filter(get_proc_clumps()))
    do nc = 1, size(filter)
       call get_clump_bounds(nc, bounds)
       allocate(filter(nc)%soilc(bounds%endc - bounds%begc + 1))
       filter(nc)%num_soilc = 0
       do c = bounds%begc, bounds%endc
          if (soil(c) == 0._r8) cycle
          filter(nc)%num_soilc = filter(nc)%num_soilc + 1
          filter(nc)%soilc(filter(nc)%num_soilc) = c
       end do
    end do
  end subroutine read_static

  subroutine read_step(nstep, canopystate_vars, soilhydrology_vars)
    integer, intent(in) :: nstep
    type(canopystate_type)  , intent(inout) :: canopystate_vars
    type(soilhydrology_type), intent(inout) :: soilhydrology_vars

    top_af%rain = flat('rain', of_topounits, nstep)
    col_ws%h2osoi_liq(:, 1:) = items('h2osoi_liq', of_columns, nlevgrnd, nstep)
    col_ws%h2osoi_ice(:, 1:) = items('h2osoi_ice', of_columns, nlevgrnd, nstep)
    col_wf%qflx_surf = flat('qflx_surf', of_columns, nstep)
    col_wf%qflx_h2osfc_surf = flat('qflx_h2osfc_surf', of_columns, nstep)
    col_wf%qflx_drain = flat('qflx_drain', of_columns, nstep)
    col_wf%qflx_drain_perched = flat('qflx_drain_perched', of_columns, nstep)
    col_wf%qflx_top_soil = flat('qflx_top_soil', of_columns, nstep)
    col_wf%qflx_snomelt = flat('qflx_snomelt', of_columns, nstep)
    soilhydrology_vars%zwt_col = flat('zwt', of_columns, nstep)
    soilhydrology_vars%zwt_perched_col = flat('zwt_perched', of_columns, nstep)
    soilhydrology_vars%frost_table_col = flat('frost_table', of_columns, nstep)
    canopystate_vars%tlai_patch = flat('tlai', of_patches, nstep)
    veg_pp%wtcol = flat('wtcol', of_patches, nstep)
    veg_pp%active = veg_pp%wtcol > 0._r8
    if (.not. use_cn) return
    col_cs%totvegc = flat('totvegc', of_columns, nstep)
    veg_cs%frootc = flat('frootc', of_patches, nstep)
    veg_cs%livecrootc = flat('livecrootc', of_patches, nstep)
    veg_cs%deadcrootc = flat('deadcrootc', of_patches, nstep)
    veg_cf%hrv_livecrootc_to_litter = flat('hrv_livecrootc_to_litter', of_patches, nstep)
    veg_cf%hrv_deadcrootc_to_litter = flat('hrv_deadcrootc_to_litter', of_patches, nstep)
    veg_cf%m_livecrootc_to_fire = flat('m_livecrootc_to_fire', of_patches, nstep)
    veg_cf%m_deadcrootc_to_fire = flat('m_deadcrootc_to_fire', of_patches, nstep)
    veg_cf%m_livecrootc_to_litter_fire = flat('m_livecrootc_to_litter_fire', of_patches, nstep)
    veg_cf%m_deadcrootc_to_litter_fire = flat('m_deadcrootc_to_litter_fire', of_patches, nstep)
  end subroutine read_step

end module stub_state
