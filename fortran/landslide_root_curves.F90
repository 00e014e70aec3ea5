! How the cohesion of roots changes with time, and what it stands for: the equations of physics/roots.py with the
! parameters of [roots] in fields.toml.
module landslide_root_curves
  use, intrinsic :: iso_c_binding, only : c_double
  use landslide_fields, only : landslide_interfaces, landslide_n_layers, landslide_root_cohesion, &
       landslide_root_decay, landslide_root_profile, landslide_root_shrub, landslide_root_tree
  implicit none
  private

  integer, parameter :: r8 = c_double
  integer, parameter, public :: tree = 1, shrub = 2, open = 3  ! kinds of cover, by what lasts
  ! Cohesion of the covers relative to trees.
  real(r8), parameter, public :: relative(4) = landslide_root_cohesion / landslide_root_cohesion(1)

  public :: left
  public :: decayed_to
  public :: regrown
  public :: grown_to
  public :: as_covers
  public :: of_trees

contains

  ! Strength left of dead roots.
  pure function left(years) result(share)
    real(r8), intent(in) :: years
    real(r8) :: share

    share = 1.0_r8
    if (years > 0.0_r8) share = exp(-landslide_root_decay(1) * years**landslide_root_decay(2))
  end function left

  ! The age at which dead roots have that strength left.
  pure function decayed_to(share) result(years)
    real(r8), intent(in) :: share
    real(r8) :: years

    years = 0.0_r8
    if (share < 1.0_r8) years = (-log(max(share, tiny(share))) / landslide_root_decay(1)) &
         ** (1.0_r8 / landslide_root_decay(2))
  end function decayed_to

  ! Strength of growing roots relative to grown ones.
  pure function regrown(kind, years) result(share)
    integer , intent(in) :: kind
    real(r8), intent(in) :: years
    real(r8) :: share
    real(r8) :: p(4)

    share = 0.0_r8
    if (kind == open) return
    p = parameters_of(kind)
    share = min(1.0_r8, max(0.0_r8, 1.0_r8 / (p(1) + p(2) * exp(-p(4) * years)) + p(3)))
  end function regrown

  ! The age at which growing roots have that strength.
  pure function grown_to(kind, share) result(years)
    integer , intent(in) :: kind
    real(r8), intent(in) :: share
    real(r8) :: years
    real(r8) :: p(4)

    p = parameters_of(kind)
    years = max(0.0_r8, -log((1.0_r8 / (share - p(3)) - p(1)) / p(2)) / p(4))
  end function grown_to

  pure function parameters_of(kind) result(p)
    integer, intent(in) :: kind
    real(r8) :: p(4)

    p = landslide_root_tree
    if (kind == shrub) p = landslide_root_shrub
  end function parameters_of

  ! Shares of trees and of shrubs that stand for ground of a cohesion (relative to trees), between bare ground, shrubs
  ! and trees (split of physics/roots.py).
  pure function as_covers(cohesion) result(shares)
    real(r8), intent(in) :: cohesion
    real(r8) :: shares(2)

    if (cohesion < relative(shrub)) then
       shares = [0.0_r8, cohesion / relative(shrub)]
    else
       shares(tree) = (cohesion - relative(shrub)) / (1.0_r8 - relative(shrub))
       shares(shrub) = 1.0_r8 - shares(tree)
    end if
  end function as_covers

  ! Fraction of the roots of trees in each layer (Zeng 2001); the last layer takes what is below it.
  pure function of_trees() result(profile)
    real(r8) :: profile(landslide_n_layers)
    real(r8) :: below(landslide_n_layers + 1)

    below = 0.5_r8 * (exp(-landslide_root_profile(1) * landslide_interfaces) &
         + exp(-landslide_root_profile(2) * landslide_interfaces))
    below(landslide_n_layers + 1) = 0.0_r8
    profile = below(:landslide_n_layers) - below(2:)
  end function of_trees

end module landslide_root_curves
