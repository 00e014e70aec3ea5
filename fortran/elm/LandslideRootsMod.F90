module LandslideRootsMod

  !-----------------------------------------------------------------------
  ! !DESCRIPTION:
  ! What the columns remember of roots: advanced every step from ELM's cover, its harvest and fire where it carries
  ! carbon, and the file landslide_disturbance. The rules are those of landslide_roots, offline too.
  !
  ! !USES:
  use ColumnType           , only : col_pp
  use elm_varcon           , only : spval
  use elm_varctl           , only : spinup_state, use_cn
  use landslide_fields     , only : landslide_missing, landslide_n_in, landslide_root_year
  use landslide_roots      , only : landslide_roots_advance, landslide_roots_forget_carbon, landslide_roots_ground
  use LandslideType        , only : landslide_type
  use shr_kind_mod         , only : r8 => shr_kind_r8
  use VegetationDataType   , only : veg_cf, veg_cs
  use VegetationType       , only : veg_pp
  !
  implicit none
  private
  !
  ! !PUBLIC MEMBER FUNCTIONS:
  public :: LandslideAdvanceRoots  ! one time step of a clump's soil columns; called by many threads
  public :: LandslideCover         ! of a column
  !
  ! !PRIVATE DATA:
  real(r8), parameter :: g_per_kg = 1000._r8
  integer , parameter :: tree = 1, shrub = 2, grass = 3, crop = 4
  !-----------------------------------------------------------------------

contains

  !-----------------------------------------------------------------------
  subroutine LandslideAdvanceRoots(landslide_vars, num_soilc, filter_soilc, step, before, now)
    !
    ! !ARGUMENTS:
    class(landslide_type), intent(inout) :: landslide_vars
    integer              , intent(in)    :: num_soilc
    integer              , intent(in)    :: filter_soilc(:)
    integer              , intent(in)    :: step             ! length of the step (s), 0 where the model only starts up
    integer              , intent(in)    :: before, now      ! yyyymmdd at its beginning and end
    !
    ! !LOCAL VARIABLES:
    real(r8), parameter :: unknown(4) = spval
    real(r8), parameter :: none(2) = 0._r8
    real(r8) :: state(size(landslide_vars%root_col, 2))
    real(r8) :: x(landslide_n_in)
    real(r8) :: cover(4), lost(2), felled(2), torn(2)
    real(r8) :: coarse_carbon(2)
    real(r8) :: root_carbon
    real(r8) :: years  ! length of the step
    integer  :: fc, c
    !-----------------------------------------------------------------------

    years = real(step, r8) / landslide_root_year
    do fc = 1, num_soilc
       c = filter_soilc(fc)
       cover = LandslideCover(c)
       state = landslide_vars%root_col(c,:)
       call read_carbon(c, cover, step, root_carbon, coarse_carbon, lost)
       ! Spin-up kills dead wood many times faster, and divides it by that number when it begins.
       if (spinup_state >= 1) call landslide_roots_forget_carbon(state)
       if (any(state(:2) >= landslide_missing)) call landslide_roots_advance(state, 0._r8, cover, none, none, &
            root_carbon, coarse_carbon)  ! it starts with this cover
       call landslide_vars%disturbance%Losses(col_pp%gridcell(c), before, now, felled, torn)
       if (any(felled + torn > 0._r8)) then
          ! In the first moment of a day, where a step ends.
          call landslide_roots_advance(state, years, unknown, none, none, spval, unknown(:2))
          call landslide_roots_advance(state, 0._r8, unknown, felled, torn, spval, unknown(:2))
          call landslide_roots_advance(state, 0._r8, cover, lost, none, root_carbon, coarse_carbon)
       else
          call landslide_roots_advance(state, years, cover, lost, none, root_carbon, coarse_carbon)
       end if
       landslide_vars%root_col(c,:) = state
       x = spval
       call landslide_roots_ground(state, cover, x, landslide_vars%strength_col(c))
    end do

  end subroutine LandslideAdvanceRoots

  !-----------------------------------------------------------------------
  function LandslideCover(c) result(cover)
    !
    ! !DESCRIPTION:
    ! Fractions of a column under trees, shrubs, grass and crops.
    !
    ! !USES:
    use pftvarcon , only : noveg, nbrdlf_dcd_brl_tree, nbrdlf_dcd_brl_shrub, nc4_grass
    !
    ! !ARGUMENTS:
    integer, intent(in) :: c
    real(r8)            :: cover(4)
    !
    ! !LOCAL VARIABLES:
    integer :: p, kind
    !-----------------------------------------------------------------------

    cover = 0._r8
    do p = col_pp%pfti(c), col_pp%pftf(c)
       if (.not. veg_pp%active(p)) cycle
       if (veg_pp%itype(p) == noveg) cycle
       if (veg_pp%itype(p) <= nbrdlf_dcd_brl_tree) then
          kind = tree
       else if (veg_pp%itype(p) <= nbrdlf_dcd_brl_shrub) then
          kind = shrub
       else if (veg_pp%itype(p) <= nc4_grass) then
          kind = grass
       else
          kind = crop
       end if
       cover(kind) = cover(kind) + veg_pp%wtcol(p)
    end do

  end function LandslideCover

  !-----------------------------------------------------------------------
  subroutine read_carbon(c, cover, step, root_carbon, coarse_carbon, lost)
    !
    ! !DESCRIPTION:
    ! Root carbon of a column, and the fractions of its trees and shrubs that ELM harvests and burns in the step: what
    ! leaves their coarse roots, of what was there. spval and 0 where ELM has no carbon.
    !
    ! !USES:
    use pftvarcon , only : noveg, nbrdlf_dcd_brl_tree, nbrdlf_dcd_brl_shrub
    !
    ! !ARGUMENTS:
    integer , intent(in)  :: c
    real(r8), intent(in)  :: cover(4)
    integer , intent(in)  :: step           ! s
    real(r8), intent(out) :: root_carbon    ! kg C/m2
    real(r8), intent(out) :: coarse_carbon(2)  ! of trees and shrubs (kg C/m2)
    real(r8), intent(out) :: lost(2)        ! 1
    !
    ! !LOCAL VARIABLES:
    real(r8) :: gone, left, share
    integer  :: p, kind
    !-----------------------------------------------------------------------

    lost = 0._r8
    root_carbon = spval
    coarse_carbon = spval
    if (.not. use_cn) return
    root_carbon = 0._r8
    coarse_carbon = 0._r8
    do p = col_pp%pfti(c), col_pp%pftf(c)
       if (.not. veg_pp%active(p)) cycle
       if (veg_pp%itype(p) == noveg) cycle
       left = known(veg_cs%livecrootc(p)) + known(veg_cs%deadcrootc(p))
       root_carbon = root_carbon + veg_pp%wtcol(p) * (known(veg_cs%frootc(p)) + left)
       if (veg_pp%itype(p) > nbrdlf_dcd_brl_shrub) cycle
       kind = merge(tree, shrub, veg_pp%itype(p) <= nbrdlf_dcd_brl_tree)
       coarse_carbon(kind) = coarse_carbon(kind) + veg_pp%wtcol(p) * left
       if (step == 0) cycle
       gone = real(step, r8) * ( &
            known(veg_cf%hrv_livecrootc_to_litter(p)) + known(veg_cf%hrv_deadcrootc_to_litter(p)) + &
            known(veg_cf%m_livecrootc_to_fire(p)) + known(veg_cf%m_deadcrootc_to_fire(p)) + &
            known(veg_cf%m_livecrootc_to_litter_fire(p)) + known(veg_cf%m_deadcrootc_to_litter_fire(p)))
       if (gone <= 0._r8 .or. cover(kind) <= 0._r8) cycle
       share = gone / (left + gone)
       lost(kind) = lost(kind) + share * veg_pp%wtcol(p) / cover(kind)
    end do
    root_carbon = root_carbon / g_per_kg
    coarse_carbon = coarse_carbon / g_per_kg
    if (spinup_state >= 1) coarse_carbon = spval

  end subroutine read_carbon

  !-----------------------------------------------------------------------
  pure function known(value) result(number)
    !
    ! !DESCRIPTION:
    ! 0 for what ELM has never set.
    !
    ! !ARGUMENTS:
    real(r8), intent(in) :: value
    real(r8)             :: number
    !-----------------------------------------------------------------------

    number = 0._r8
    if (abs(value) < landslide_missing) number = value

  end function known

end module LandslideRootsMod
