module LandslideGatherMod

  !-----------------------------------------------------------------------
  ! !DESCRIPTION:
  ! The inputs of the network from ELM's state. The key `elm` of fields.toml says where each one comes from.
  !
  ! !USES:
  use CanopyStateType    , only : canopystate_type
  use ColumnDataType     , only : col_cs, col_wf, col_ws
  use ColumnType         , only : col_pp
  use elm_varcon         , only : denh2o, denice, spval
  use elm_varctl         , only : use_cn
  use landslide_fields
  use landslide_roots    , only : landslide_roots_ground
  use LandslideRootsMod  , only : LandslideCover
  use LandslideType      , only : landslide_type
  use shr_kind_mod       , only : r8 => shr_kind_r8
  use SoilHydrologyType  , only : soilhydrology_type
  use SoilStateType      , only : soilstate_type
  use VegetationDataType , only : veg_cs
  use VegetationType     , only : veg_pp
  !
  implicit none
  private
  !
  ! !PUBLIC MEMBER FUNCTIONS:
  public :: LandslideGather  ! all inputs of a clump's soil columns; called by many threads
  !
  ! !PRIVATE DATA:
  integer , parameter :: nlev = landslide_n_layers
  real(r8), parameter :: g_per_kg = 1000._r8
  !-----------------------------------------------------------------------

contains

  !-----------------------------------------------------------------------
  subroutine LandslideGather(landslide_vars, num_soilc, filter_soilc, month, day, tod, canopystate_vars, &
       soilhydrology_vars, soilstate_vars, x)
    !
    ! !DESCRIPTION:
    ! The inputs of the columns, as fields.toml names them; what ELM does not have is spval.
    !
    ! !ARGUMENTS:
    type(landslide_type)    , intent(in)  :: landslide_vars
    integer                 , intent(in)  :: num_soilc
    integer                 , intent(in)  :: filter_soilc(:)
    integer                 , intent(in)  :: month, day       ! of the date
    integer                 , intent(in)  :: tod              ! time of day (s)
    type(canopystate_type)  , intent(in)  :: canopystate_vars
    type(soilhydrology_type), intent(in)  :: soilhydrology_vars
    type(soilstate_type)    , intent(in)  :: soilstate_vars
    real(r8)                , intent(out) :: x(:,:)           ! (num_soilc, landslide_n_in)
    !
    ! !LOCAL VARIABLES:
    real(r8) :: cover(4)  ! tree, shrub, grass, crop
    real(r8) :: strength
    integer  :: fc, c, t, j, below
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
          ! ELM's texture ends at bedrock; below it the last layer's is used, as ELM itself does for its hydraulics.
          below = max(1, min(j, col_pp%nlevbed(c)))
          x(fc, in_sand         + j - 1) = soilstate_vars%cellsand_col(c,below)
          x(fc, in_clay         + j - 1) = soilstate_vars%cellclay_col(c,below)
       end do
       call replace(landslide_vars%static%sand_col(c,:), x(fc, in_sand:in_sand + nlev - 1))
       call replace(landslide_vars%static%clay_col(c,:), x(fc, in_clay:in_clay + nlev - 1))

       x(fc, in_water_table_depth        ) = soilhydrology_vars%zwt_col(c)
       x(fc, in_perched_water_table_depth) = soilhydrology_vars%zwt_perched_col(c)
       x(fc, in_frost_table_depth        ) = soilhydrology_vars%frost_table_col(c)
       x(fc, in_surface_runoff           ) = col_wf%qflx_surf(c) + col_wf%qflx_h2osfc_surf(c)
       x(fc, in_subsurface_drainage      ) = col_wf%qflx_drain(c) + col_wf%qflx_drain_perched(c)
       x(fc, in_water_input              ) = col_wf%qflx_top_soil(c)
       x(fc, in_snowmelt                 ) = col_wf%qflx_snomelt(c)
       do j = 1, size(landslide_rain_days)
          x(fc, landslide_rain_columns(j)) = landslide_vars%rain%Over(t, landslide_rain_days(j), tod)
       end do
       x(fc, in_soil_moisture_offset     ) = landslide_vars%moisture%At(col_pp%gridcell(c), month, day)
       call intensify(landslide_vars%intensity%At(col_pp%gridcell(c), month, day), x(fc,:))
       x(fc, in_bedrock_depth            ) = col_pp%zibed(c)
       call replace(landslide_vars%static%bedrock_col(c), x(fc, in_bedrock_depth))
       x(fc, in_slope:in_slope + landslide_n_percentiles - 1) = landslide_vars%static%slope_col(c,:)
       x(fc, in_wetness_low:in_wetness_low + size(landslide_vars%static%wetness_col, 2) - 1) = &
            landslide_vars%static%wetness_col(c,:)  ! the three fields lie side by side
       x(fc, in_leaf_area_ratio          ) = landslide_vars%static%leaf_col(c)
       if (use_cn) x(fc, in_vegetation_carbon) = over(col_cs%totvegc(c), g_per_kg)

       call average_patches(c, canopystate_vars, soilstate_vars, x(fc,:))
       cover = LandslideCover(c)
       x(fc, in_tree_cover               ) = cover(1)
       x(fc, in_shrub_cover              ) = cover(2)
       x(fc, in_grass_cover              ) = cover(3)
       x(fc, in_crop_cover               ) = cover(4)
       call landslide_roots_ground(landslide_vars%root_col(c,:), cover, x(fc,:), strength)
    end do

  end subroutine LandslideGather

  !-----------------------------------------------------------------------
  subroutine average_patches(c, canopystate_vars, soilstate_vars, x)
    !
    ! !DESCRIPTION:
    ! What ELM keeps by patch, averaged over the active patches of a column with their weights on it.
    !
    ! !USES:
    use pftvarcon , only : noveg
    !
    ! !ARGUMENTS:
    integer               , intent(in)    :: c
    type(canopystate_type), intent(in)    :: canopystate_vars
    type(soilstate_type)  , intent(in)    :: soilstate_vars
    real(r8)              , intent(inout) :: x(:)  ! (landslide_n_in) inputs of the column
    !
    ! !LOCAL VARIABLES:
    real(r8) :: root(nlev)
    real(r8) :: lai, carbon, weight
    integer  :: p, j
    !-----------------------------------------------------------------------

    root = 0._r8
    lai = 0._r8
    carbon = 0._r8
    do p = col_pp%pfti(c), col_pp%pftf(c)
       if (.not. veg_pp%active(p)) cycle  ! its variables may never have been set
       if (veg_pp%itype(p) == noveg) cycle
       weight = veg_pp%wtcol(p)
       call add(weight, canopystate_vars%tlai_patch(p), lai)
       do j = 1, nlev
          call add(weight, soilstate_vars%rootfr_patch(p,j), root(j))
       end do
       if (use_cn) call add(weight, veg_cs%frootc(p) + veg_cs%livecrootc(p) + veg_cs%deadcrootc(p), carbon)
    end do
    x(in_leaf_area_index) = lai
    x(in_root_fraction:in_root_fraction + nlev - 1) = root
    if (use_cn) x(in_root_carbon) = over(carbon, g_per_kg)

  end subroutine average_patches

  !-----------------------------------------------------------------------
  pure subroutine intensify(factor, x)
    !
    ! !DESCRIPTION:
    ! The antecedent rain of a column where rain falls, or, where it is not known, the water that takes its place.
    !
    ! !ARGUMENTS:
    real(r8), intent(in)    :: factor  ! (1) spval: none
    real(r8), intent(inout) :: x(:)    ! (landslide_n_in)
    !
    ! !LOCAL VARIABLES:
    integer :: j, column
    !-----------------------------------------------------------------------

    if (factor >= landslide_missing) return
    if (x(in_rain_1d) >= landslide_missing .and. x(in_water_input) < landslide_missing) then
       x(in_water_input) = x(in_water_input) * factor
    end if
    do j = 1, size(landslide_rain_columns)
       column = landslide_rain_columns(j)
       if (x(column) < landslide_missing) x(column) = x(column) * factor
    end do

  end subroutine intensify

  !-----------------------------------------------------------------------
  elemental subroutine replace(given, value)
    !
    ! !DESCRIPTION:
    ! What the file of landslide_static gives, in place of ELM's.
    !
    ! !ARGUMENTS:
    real(r8), intent(in)    :: given  ! spval where it says nothing
    real(r8), intent(inout) :: value
    !-----------------------------------------------------------------------

    if (given < landslide_missing) value = given

  end subroutine replace

  !-----------------------------------------------------------------------
  pure function over(value, divisor) result(quotient)
    !
    ! !DESCRIPTION:
    ! A quotient; spval stays spval, because divided it would look like a valid number.
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
    ! Add a weighted value to a sum, which becomes spval if any value is.
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

end module LandslideGatherMod
