! Roots that remember: what a column's trees and shrubs lost, how far it has decayed, and how far new roots have grown.
!
! The host keeps the state and hands it over, one row of numbers for each column: its restart file needs nothing else.
! Ground on which roots were lost or grow is kept as cohorts, by what grows there: trees, shrubs, or neither ('open').
! Each has an area (fraction of the column), dead roots (their cohesion when they died, relative to trees) with an age,
! live roots with an age, and the root carbon that was lost with them. The rest of the column is undisturbed.
! landslide_root_curves has the equations, landslide_root_ground the cohorts.
module landslide_roots
  use, intrinsic :: iso_c_binding, only : c_double
  use landslide_fields, only : landslide_missing, landslide_n_layers, landslide_root_carbon, landslide_root_turnover, &
       landslide_spval, in_root_carbon, in_root_fraction, in_shrub_ground, in_tree_ground, in_vegetation_left
  use landslide_root_curves, only : as_covers, left, of_trees, open, regrown, relative, shrub, tree
  use landslide_root_ground, only : bury, carbon_left, cohort_size, cohort_type, first_cohort, insert, &
       landslide_root_states, n_cohorts, put, taken
  implicit none
  private

  integer, parameter :: r8 = c_double
  integer, parameter :: last_carbon = 3, last_coarse = 4, since = 6  ! of the state, after the last covers
  real(r8), parameter :: notable = 0.01_r8  ! share of trees and shrubs whose loss in a step starts `since` again
  real(r8), parameter :: least = 1.0e-9_r8  ! smaller changes of cover wait: they may be rounding

  public :: landslide_root_states, first_cohort
  public :: landslide_roots_start
  public :: landslide_roots_advance
  public :: landslide_roots_forget_carbon
  public :: landslide_roots_ground

contains

  ! The state of a column of which nothing is known: undisturbed. The first advance takes its cover as given.
  pure subroutine landslide_roots_start(state)
    real(r8), intent(out) :: state(:)  ! (landslide_root_states)

    state = 0.0_r8
    state(:since) = landslide_spval
  end subroutine landslide_roots_start

  ! Advance a column to the end of a step.
  !
  ! Roots die where trees or shrubs give way (less cover than at the last call), where the host says so, and, where it
  ! knows the carbon of coarse roots, where more of that is gone than turnover and loss of cover explain. They grow
  ! where cover is gained, first on ground that has lost cover, and where they died under a cover that stays.
  ! A missing cover counts as unchanged.
  pure subroutine landslide_roots_advance(state, years, cover, lost, torn, root_carbon, coarse_carbon)
    real(r8), intent(inout) :: state(:)       ! (landslide_root_states)
    real(r8), intent(in)    :: years          ! length of the step
    real(r8), intent(in)    :: cover(:)       ! (4) tree, shrub, grass and crop cover at its end (1)
    real(r8), intent(in)    :: lost(:)        ! (2) fractions of trees and shrubs whose roots die in the step (1)
    real(r8), intent(in)    :: torn(:)        ! (2) fractions uprooted: nothing of their roots stays in the slope (1)
    real(r8), intent(in)    :: root_carbon    ! kg C/m2, missing if unknown
    real(r8), intent(in)    :: coarse_carbon(:)  ! (2) kg C/m2 in coarse roots of trees and shrubs, missing if unknown
    real(r8) :: now(2), fall(2), kill(2), keep(2)
    real(r8) :: share, carbon
    integer  :: kind

    now = woody(cover)
    if (any(state(:shrub) >= landslide_missing)) then
       if (all(now < landslide_missing)) then
          state(:shrub) = now
          call remember_carbon(state, 0.0_r8, root_carbon, coarse_carbon)
       end if
       return
    end if
    where (now >= landslide_missing) now = state(:shrub)
    call age(state, years)

    fall = max(0.0_r8, state(:shrub) - now)
    where (fall <= least) fall = 0.0_r8
    kill = min(1.0_r8, max(0.0_r8, lost) + max(0.0_r8, torn))
    do kind = tree, shrub
       kill(kind) = max(kill(kind), unexplained(state(last_coarse + kind - 1), coarse_carbon(kind), years, &
            fall(kind), state(kind)))
    end do
    keep = 1.0_r8
    where (kill > 0.0_r8) keep = max(0.0_r8, 1.0_r8 - max(0.0_r8, torn) / kill)

    share = 0.0_r8  ! of trees and shrubs that lose their roots
    if (sum(state(:shrub)) > 0.0_r8) share = min(1.0_r8, sum(kill * state(:shrub) + fall) / sum(state(:shrub)))
    if (share > notable) state(since) = 0.0_r8
    carbon = 0.0_r8
    if (share > 0.0_r8 .and. max(state(last_carbon), root_carbon) < landslide_missing) then
       carbon = min(max(0.0_r8, state(last_carbon) - root_carbon), share * state(last_carbon))
       carbon = carbon / sum(kill * state(:shrub) + fall)
    end if

    do kind = tree, shrub
       if (kill(kind) > 0.0_r8) call fell(state, kind, kill(kind), keep(kind), kind, carbon)
    end do
    do kind = tree, shrub
       if (fall(kind) <= 0.0_r8) cycle
       call fell(state, kind, fall(kind) / state(kind), 1.0_r8, open, carbon)
       state(kind) = now(kind)
    end do
    do kind = tree, shrub
       if (now(kind) - state(kind) <= least) cycle
       call grow(state, kind, now(kind) - state(kind))
       state(kind) = now(kind)
    end do
    call remember_carbon(state, years, root_carbon, coarse_carbon)
  end subroutine landslide_roots_advance

  ! Compare the next carbon of coarse roots with nothing: the host has changed it by other means than growth and death.
  pure subroutine landslide_roots_forget_carbon(state)
    real(r8), intent(inout) :: state(:)  ! (landslide_root_states)

    state(last_coarse:last_coarse + 1) = landslide_spval
  end subroutine landslide_roots_forget_carbon

  ! Hand a column's memory to the network: tree_ground, shrub_ground and vegetation_left of x, and what dead roots add
  ! to root_fraction and root_carbon. Where nothing is remembered x stays as it is.
  pure subroutine landslide_roots_ground(state, cover, x, strength)
    real(r8), intent(in)    :: state(:)  ! (landslide_root_states)
    real(r8), intent(in)    :: cover(:)  ! (4) tree, shrub, grass and crop cover (1)
    real(r8), intent(inout) :: x(:)      ! (landslide_n_in) inputs of the column
    real(r8), intent(out)   :: strength  ! root cohesion relative to that without loss of roots, area mean (1)
    type(cohort_type) :: cohort
    real(r8) :: ground(2)  ! fractions that hold like trees, like shrubs
    real(r8) :: herbs  ! cohesion of open ground relative to trees
    real(r8) :: held, whole  ! cohesion with what was lost, and without loss
    real(r8) :: rest, gone, full, carbon, live, dead, most, bare
    real(r8) :: buried  ! dead roots of open ground, as an area of trees
    integer  :: i, kind

    strength = 1.0_r8
    if (state(tree) >= landslide_missing .or. sum(state(first_cohort::cohort_size)) <= 0.0_r8) return
    bare = max(0.0_r8, 1.0_r8 - state(tree) - state(shrub))
    herbs = 0.0_r8
    full = sum(cover * landslide_root_carbon, mask=cover < landslide_missing)
    if (bare > least) herbs = sum(cover(3:) * relative(3:), mask=cover(3:) < landslide_missing) &
         / max(1.0_r8, sum(cover, mask=cover < landslide_missing)) / bare
    herbs = min(herbs, relative(shrub))

    ground = 0.0_r8
    held = 0.0_r8
    whole = 0.0_r8
    gone = 0.0_r8
    carbon = 0.0_r8
    buried = 0.0_r8
    do kind = tree, open
       rest = bare
       if (kind /= open) rest = state(kind)
       cohorts: do i = 1, n_cohorts
          cohort = taken(state, kind, i)
          if (cohort%area <= 0.0_r8) cycle cohorts
          rest = rest - cohort%area
          live = herbs
          if (kind /= open) live = relative(kind) * regrown(kind, cohort%grown)
          dead = cohort%dead * left(cohort%decayed)
          most = max(cohort%before, herbs)
          if (kind /= open) most = max(cohort%before, relative(kind))
          held = held + cohort%area * min(most, live + dead)
          ground = ground + cohort%area * as_covers(min(most, live + dead))
          whole = whole + cohort%area * most
          carbon = carbon + carbon_left(kind, cohort)
          if (kind == open) then
             buried = buried + cohort%area * dead
          else
             gone = gone + cohort%area * landslide_root_carbon(kind) * (1.0_r8 - regrown(kind, cohort%grown))
          end if
       end do cohorts
       rest = max(0.0_r8, rest)
       live = herbs
       if (kind /= open) live = relative(kind)
       held = held + rest * live
       ground = ground + rest * as_covers(live)
       whole = whole + rest * live
    end do
    if (whole > 0.0_r8) strength = held / whole
    x(in_tree_ground) = min(1.0_r8, ground(tree))
    x(in_shrub_ground) = min(1.0_r8, ground(shrub))
    x(in_vegetation_left) = 1.0_r8
    if (full > 0.0_r8) x(in_vegetation_left) = max(0.0_r8, 1.0_r8 - gone / full)
    if (x(in_root_carbon) < landslide_missing) x(in_root_carbon) = x(in_root_carbon) + carbon
    associate(profile => x(in_root_fraction:in_root_fraction + landslide_n_layers - 1))
    if (all(profile < landslide_missing)) then
       profile = (profile + buried * of_trees()) / max(1.0_r8, sum(profile) + buried)
    end if
    end associate
  end subroutine landslide_roots_ground

  ! Roots die on a fraction of a kind's ground, in proportion on all of it; what grows there afterwards is `into`.
  pure subroutine fell(state, kind, fraction, keep, into, carbon)
    real(r8), intent(inout) :: state(:)
    integer , intent(in)    :: kind
    real(r8), intent(in)    :: fraction  ! of its cover (1)
    real(r8), intent(in)    :: keep      ! share of the live roots that stay in the slope, dead (1)
    integer , intent(in)    :: into      ! kind
    real(r8), intent(in)    :: carbon    ! root carbon lost (kg C/m2) for each unit of the column's area
    type(cohort_type) :: new, old
    real(r8) :: standing, dead, fresh, now
    integer  :: i

    standing = state(kind)
    dead = 0.0_r8  ! what the dead roots held when they died, times area
    now = 0.0_r8   ! what they hold now, times area
    do i = 1, n_cohorts
       old = taken(state, kind, i)
       if (old%area <= 0.0_r8) cycle
       standing = standing - old%area
       fresh = keep * relative(kind) * regrown(kind, old%grown)
       new%area = new%area + fraction * old%area
       new%before = new%before + fraction * old%area * max(old%before, relative(kind))
       new%carbon = new%carbon + fraction * carbon_left(kind, old)
       dead = dead + fraction * old%area * (old%dead + fresh)
       now = now + fraction * old%area * (old%dead * left(old%decayed) + fresh)
       old%area = old%area - fraction * old%area
       old%carbon = old%carbon - fraction * old%carbon
       call put(state, kind, i, old)
    end do
    fresh = fraction * max(0.0_r8, standing)
    new%area = new%area + fresh
    if (new%area > 0.0_r8) new%before = (new%before + fresh * relative(kind)) / new%area
    new%carbon = new%carbon + new%area * carbon
    dead = dead + fresh * keep * relative(kind)
    now = now + fresh * keep * relative(kind)
    call bury(new, dead, now)
    call insert(state, into, new)
  end subroutine fell

  ! Cover is gained: first on open ground that has lost cover, in proportion, then on the rest.
  pure subroutine grow(state, kind, gain)
    real(r8), intent(inout) :: state(:)
    integer , intent(in)    :: kind
    real(r8), intent(in)    :: gain  ! fraction of the column
    type(cohort_type) :: new, old
    real(r8) :: empty, part, dead, now
    integer  :: i

    empty = 0.0_r8
    do i = 1, n_cohorts
       old = taken(state, open, i)
       empty = empty + old%area
    end do
    part = 0.0_r8
    if (empty > 0.0_r8) part = min(1.0_r8, gain / empty)
    new%area = gain
    new%before = relative(kind) * max(0.0_r8, gain - part * empty)
    dead = 0.0_r8
    now = 0.0_r8
    do i = 1, n_cohorts
       old = taken(state, open, i)
       if (old%area <= 0.0_r8) cycle
       dead = dead + part * old%area * old%dead
       now = now + part * old%area * old%dead * left(old%decayed)
       new%before = new%before + part * old%area * max(old%before, relative(kind))
       new%carbon = new%carbon + part * carbon_left(open, old)
       old%area = old%area - part * old%area
       old%carbon = old%carbon - part * old%carbon
       call put(state, open, i, old)
    end do
    new%before = new%before / gain
    call bury(new, dead, now)
    call insert(state, kind, new)
  end subroutine grow

  pure subroutine age(state, years)
    real(r8), intent(inout) :: state(:)
    real(r8), intent(in)    :: years
    type(cohort_type) :: cohort
    integer :: i, kind

    if (state(since) < landslide_missing) state(since) = state(since) + years
    if (all(state(first_cohort::cohort_size) <= 0.0_r8)) return
    do kind = tree, open
       cohorts: do i = 1, n_cohorts
          cohort = taken(state, kind, i)
          if (cohort%area <= 0.0_r8) cycle cohorts
          cohort%decayed = cohort%decayed + years
          if (kind /= open) then
             cohort%grown = cohort%grown + years
             if (regrown(kind, cohort%grown) >= 1.0_r8) cohort = cohort_type()  ! undisturbed ground again
          end if
          call put(state, kind, i, cohort)
       end do cohorts
    end do
  end subroutine age

  ! Fraction of the coarse roots of a kind that is gone and that neither turnover nor lost cover explains; 0 if unknown.
  pure function unexplained(before, now, years, fall, cover) result(fraction)
    real(r8), intent(in) :: before, now  ! kg C/m2
    real(r8), intent(in) :: years        ! between them
    real(r8), intent(in) :: fall, cover  ! of the kind: what is lost, and what there was (1)
    real(r8) :: fraction, expected

    fraction = 0.0_r8
    if (max(before, now) >= landslide_missing .or. cover <= 0.0_r8) return
    expected = before * max(0.0_r8, 1.0_r8 - fall / cover) * exp(-landslide_root_turnover * years)
    if (expected > 0.0_r8) fraction = min(1.0_r8, max(0.0_r8, 1.0_r8 - now / expected))
  end function unexplained

  ! What the next step compares with; where carbon is not known at this moment, what turnover leaves of it.
  pure subroutine remember_carbon(state, years, root_carbon, coarse_carbon)
    real(r8), intent(inout) :: state(:)
    real(r8), intent(in)    :: years
    real(r8), intent(in)    :: root_carbon
    real(r8), intent(in)    :: coarse_carbon(:)  ! (2)
    integer :: i, kind

    if (root_carbon < landslide_missing) state(last_carbon) = root_carbon
    do kind = tree, shrub
       i = last_coarse + kind - 1
       if (coarse_carbon(kind) < landslide_missing) then
          state(i) = coarse_carbon(kind)
       else if (state(i) < landslide_missing) then
          state(i) = state(i) * exp(-landslide_root_turnover * years)
       end if
    end do
  end subroutine remember_carbon

  ! Tree and shrub cover (1), of a column that covers together do not exceed; missing if any is.
  pure function woody(cover) result(covers)
    real(r8), intent(in) :: cover(:)
    real(r8) :: covers(2)

    covers = landslide_spval
    if (all(abs(cover) < landslide_missing)) covers = max(0.0_r8, cover(:2)) / max(1.0_r8, sum(cover))
  end function woody

end module landslide_roots
