! Roots that remember: what a column's trees and shrubs lost, how far it has decayed, and how far new roots have grown.
!
! The host keeps the state and hands it over, one row of numbers for each column: its restart file needs nothing else.
! Ground on which roots were lost or grow is kept as cohorts, by what grows there: trees, shrubs, or neither ('open').
! Each has an area (fraction of the column), dead roots (their cohesion when they died, relative to trees) with an age,
! live roots with an age, and the root carbon that was lost with them. The rest of the column is undisturbed.
! Equations: physics/roots.py; parameters: [roots] of fields.toml.
!
! A column has landslide_root_cohorts of each kind. One more, and the two most alike are merged: area, dead strength,
! live strength and carbon are conserved at that moment; the ages become those that have this strength.
module landslide_roots
  use, intrinsic :: iso_c_binding, only : c_double
  use landslide_fields, only : landslide_missing, landslide_root_carbon, landslide_root_cohesion, &
       landslide_root_cohorts, landslide_root_decay, landslide_root_shrub, landslide_root_tree, &
       landslide_root_turnover, landslide_spval, landslide_interfaces, landslide_n_layers, landslide_root_profile, &
       in_root_carbon, in_root_fraction, in_shrub_ground, in_tree_ground, in_vegetation_left
  implicit none
  private

  integer, parameter :: r8 = c_double
  integer, parameter :: tree = 1, shrub = 2, open = 3          ! kinds of cover
  integer, parameter :: n = landslide_root_cohorts
  integer, parameter :: last_carbon = 3, last_coarse = 4, since = 5, first = 6  ! of the state, after the last covers
  integer, parameter :: size_of = 5                            ! numbers of a cohort
  integer, parameter, public :: landslide_root_states = first - 1 + 3 * n * size_of
  real(r8), parameter :: relative(4) = landslide_root_cohesion / landslide_root_cohesion(1)
  real(r8), parameter :: least = 1.e-9_r8                      ! smaller changes of cover wait: they may be rounding

  type :: cohort_type
     real(r8) :: area = 0._r8    ! fraction of the column
     real(r8) :: dead = 0._r8    ! cohesion of its dead roots when they died, relative to trees (1)
     real(r8) :: decayed = 0._r8 ! years since then
     real(r8) :: grown = 0._r8   ! years since its live roots began to grow
     real(r8) :: carbon = 0._r8  ! root carbon lost with the dead roots (kg C/m2 of the column)
  end type cohort_type

  public :: landslide_roots_start
  public :: landslide_roots_advance
  public :: landslide_roots_ground

contains

  ! The state of a column of which nothing is known: undisturbed. The first advance takes its cover as given.
  pure subroutine landslide_roots_start(state)
    real(r8), intent(out) :: state(:)  ! (landslide_root_states)

    state = 0._r8
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
    real(r8), intent(in)    :: coarse_carbon  ! kg C/m2 in coarse roots, missing if unknown
    real(r8) :: now(2), fall(2), kill(2), keep(2), share, carbon
    integer  :: kind

    now = woody(cover)
    if (any(state(:shrub) >= landslide_missing)) then
       if (all(now < landslide_missing)) then
          state(:shrub) = now
          call remember_carbon(state, root_carbon, coarse_carbon)
       end if
       return
    end if
    where (now >= landslide_missing) now = state(:shrub)
    call age(state, years)

    fall = max(0._r8, state(:shrub) - now)
    where (fall <= least) fall = 0._r8
    kill = min(1._r8, max(0._r8, lost) + max(0._r8, torn))
    kill = max(kill, unexplained(state, years, sum(fall), coarse_carbon))
    keep = 1._r8
    where (kill > 0._r8) keep = max(0._r8, 1._r8 - max(0._r8, torn) / kill)

    share = 0._r8  ! of trees and shrubs that lose their roots
    if (sum(state(:shrub)) > 0._r8) share = min(1._r8, sum(kill * state(:shrub) + fall) / sum(state(:shrub)))
    if (share > 0._r8) state(since) = 0._r8
    carbon = 0._r8
    if (share > 0._r8 .and. max(state(last_carbon), root_carbon) < landslide_missing) then
       carbon = min(max(0._r8, state(last_carbon) - root_carbon), share * state(last_carbon))
       carbon = carbon / sum(kill * state(:shrub) + fall)
    end if

    do kind = tree, shrub
       if (kill(kind) > 0._r8) call fell(state, kind, kill(kind), keep(kind), kind, carbon)
    end do
    do kind = tree, shrub
       if (fall(kind) <= 0._r8) cycle
       call fell(state, kind, fall(kind) / state(kind), 1._r8, open, carbon)
       state(kind) = now(kind)
    end do
    do kind = tree, shrub
       if (now(kind) - state(kind) <= least) cycle
       call grow(state, kind, now(kind) - state(kind))
       state(kind) = now(kind)
    end do
    call remember_carbon(state, root_carbon, coarse_carbon)
  end subroutine landslide_roots_advance

  ! Hand a column's memory to the network: tree_ground, shrub_ground and vegetation_left of x, and what dead roots add
  ! to root_fraction and root_carbon. Where nothing is remembered x stays as it is.
  pure subroutine landslide_roots_ground(state, cover, x, strength)
    real(r8), intent(in)    :: state(:)  ! (landslide_root_states)
    real(r8), intent(in)    :: cover(:)  ! (4) tree, shrub, grass and crop cover (1)
    real(r8), intent(inout) :: x(:)      ! (landslide_n_in) inputs of the column
    real(r8), intent(out)   :: strength  ! root cohesion relative to that without loss of roots, area mean (1)
    type(cohort_type) :: cohort
    real(r8) :: ground(2)   ! fractions that hold like trees, like shrubs
    real(r8) :: herbs       ! cohesion of open ground relative to trees
    real(r8) :: held, whole ! cohesion with what was lost, and without loss
    real(r8) :: rest, gone, full, carbon, live, dead, bare
    real(r8) :: buried      ! dead roots of open ground, as an area of trees
    integer  :: i, kind

    strength = 1._r8
    if (state(tree) >= landslide_missing .or. sum(state(first::size_of)) <= 0._r8) return
    bare = max(0._r8, 1._r8 - state(tree) - state(shrub))
    herbs = 0._r8
    full = sum(cover * landslide_root_carbon, mask=cover < landslide_missing)
    if (bare > least) herbs = sum(cover(3:) * relative(3:), mask=cover(3:) < landslide_missing) &
         / max(1._r8, sum(cover, mask=cover < landslide_missing)) / bare
    herbs = min(herbs, relative(shrub))

    ground = 0._r8
    held = 0._r8
    whole = 0._r8
    gone = 0._r8
    carbon = 0._r8
    buried = 0._r8
    do kind = tree, open
       rest = bare
       if (kind /= open) rest = state(kind)
       do i = 1, n
          cohort = taken(state, kind, i)
          if (cohort%area <= 0._r8) cycle
          rest = rest - cohort%area
          live = herbs
          if (kind /= open) live = relative(kind) * regrown(kind, cohort%grown)
          dead = cohort%dead * left(cohort%decayed)
          held = held + cohort%area * min(1._r8, live + dead)
          ground = ground + cohort%area * as_covers(min(1._r8, live + dead))
          if (kind == open) then
             whole = whole + cohort%area * min(1._r8, max(herbs, cohort%dead))
             carbon = carbon + cohort%carbon * left(cohort%decayed)
             buried = buried + cohort%area * dead
          else
             whole = whole + cohort%area * min(1._r8, max(relative(kind), cohort%dead))
             carbon = carbon + cohort%carbon * (1._r8 - regrown(kind, cohort%grown))
             gone = gone + cohort%area * landslide_root_carbon(kind) * (1._r8 - regrown(kind, cohort%grown))
          end if
       end do
       rest = max(0._r8, rest)
       live = herbs
       if (kind /= open) live = relative(kind)
       held = held + rest * live
       ground = ground + rest * as_covers(live)
       whole = whole + rest * live
    end do
    if (whole > 0._r8) strength = held / whole
    x(in_tree_ground) = min(1._r8, ground(tree))
    x(in_shrub_ground) = min(1._r8, ground(shrub))
    x(in_vegetation_left) = 1._r8
    if (full > 0._r8) x(in_vegetation_left) = max(0._r8, 1._r8 - gone / full)
    if (x(in_root_carbon) < landslide_missing) x(in_root_carbon) = x(in_root_carbon) + carbon
    associate(profile => x(in_root_fraction:in_root_fraction + landslide_n_layers - 1))
    if (all(profile < landslide_missing)) then
       profile = (profile + buried * of_trees()) / max(1._r8, sum(profile) + buried)
    end if
    end associate
  end subroutine landslide_roots_ground

  ! Shares of trees and of shrubs that stand for ground of a cohesion (relative to trees), between bare ground, shrubs
  ! and trees (split of physics/roots.py).
  pure function as_covers(cohesion) result(shares)
    real(r8), intent(in) :: cohesion
    real(r8) :: shares(2)

    if (cohesion < relative(shrub)) then
       shares = [0._r8, cohesion / relative(shrub)]
    else
       shares(tree) = (cohesion - relative(shrub)) / (1._r8 - relative(shrub))
       shares(shrub) = 1._r8 - shares(tree)
    end if
  end function as_covers

  ! Fraction of the roots of trees in each layer (Zeng 2001); the last layer takes what is below it.
  pure function of_trees() result(profile)
    real(r8) :: profile(landslide_n_layers)
    real(r8) :: below(landslide_n_layers + 1)

    below = 0.5_r8 * (exp(-landslide_root_profile(1) * landslide_interfaces) &
         + exp(-landslide_root_profile(2) * landslide_interfaces))
    below(landslide_n_layers + 1) = 0._r8
    profile = below(:landslide_n_layers) - below(2:)
  end function of_trees

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
    dead = 0._r8  ! what the dead roots held when they died, times area
    now = 0._r8   ! what they hold now, times area
    do i = 1, n
       old = taken(state, kind, i)
       if (old%area <= 0._r8) cycle
       standing = standing - old%area
       fresh = keep * relative(kind) * regrown(kind, old%grown)
       new%area = new%area + fraction * old%area
       new%carbon = new%carbon + fraction * old%carbon
       dead = dead + fraction * old%area * (old%dead + fresh)
       now = now + fraction * old%area * (old%dead * left(old%decayed) + fresh)
       old%area = old%area - fraction * old%area
       old%carbon = old%carbon - fraction * old%carbon
       call put(state, kind, i, old)
    end do
    fresh = fraction * max(0._r8, standing)
    new%area = new%area + fresh
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

    empty = 0._r8
    do i = 1, n
       old = taken(state, open, i)
       empty = empty + old%area
    end do
    part = 0._r8
    if (empty > 0._r8) part = min(1._r8, gain / empty)
    new%area = gain
    dead = 0._r8
    now = 0._r8
    do i = 1, n
       old = taken(state, open, i)
       if (old%area <= 0._r8) cycle
       dead = dead + part * old%area * old%dead
       now = now + part * old%area * old%dead * left(old%decayed)
       new%carbon = new%carbon + part * old%carbon
       old%area = old%area - part * old%area
       old%carbon = old%carbon - part * old%carbon
       call put(state, open, i, old)
    end do
    call bury(new, dead, now)
    call insert(state, kind, new)
  end subroutine grow

  ! Keep a cohort; if there is no room, the two most alike of its kind become one.
  pure subroutine insert(state, kind, new)
    real(r8), intent(inout) :: state(:)
    integer , intent(in)    :: kind
    type(cohort_type), intent(in) :: new
    type(cohort_type) :: all(n + 1)
    real(r8) :: cost, lowest
    integer  :: i, j, one, two

    if (new%area <= 0._r8) return
    do i = 1, n
       all(i) = taken(state, kind, i)
       if (all(i)%area <= 0._r8) then
          call put(state, kind, i, new)
          return
       end if
    end do
    all(n + 1) = new
    lowest = huge(lowest)
    one = 1
    two = 2
    do i = 1, n
       do j = i + 1, n + 1
          cost = all(i)%area * all(j)%area / (all(i)%area + all(j)%area) * ( &
               (all(i)%dead * left(all(i)%decayed) - all(j)%dead * left(all(j)%decayed))**2 &
               + (regrown(kind, all(i)%grown) - regrown(kind, all(j)%grown))**2)
          if (cost < lowest) then
             lowest = cost
             one = i
             two = j
          end if
       end do
    end do
    all(one) = merged(kind, all(one), all(two))
    all(two) = all(n + 1)  ! the same if it is that one
    do i = 1, n
       call put(state, kind, i, all(i))
    end do
  end subroutine insert

  pure function merged(kind, one, two) result(both)
    integer, intent(in) :: kind
    type(cohort_type), intent(in) :: one, two
    type(cohort_type) :: both

    both%area = one%area + two%area
    both%carbon = one%carbon + two%carbon
    call bury(both, one%area * one%dead + two%area * two%dead, &
         one%area * one%dead * left(one%decayed) + two%area * two%dead * left(two%decayed))
    if (kind /= open) both%grown = age_of(kind, &
         (one%area * regrown(kind, one%grown) + two%area * regrown(kind, two%grown)) / both%area)
  end function merged

  ! Give a cohort dead roots: what they held when they died and hold now, both times area.
  pure subroutine bury(cohort, dead, now)
    type(cohort_type), intent(inout) :: cohort
    real(r8), intent(in) :: dead, now

    cohort%dead = 0._r8
    cohort%decayed = 0._r8
    if (cohort%area <= 0._r8 .or. dead <= 0._r8) return
    cohort%dead = dead / cohort%area
    if (now < dead) cohort%decayed = (-log(max(now / dead, tiny(now))) / landslide_root_decay(1)) &
         ** (1._r8 / landslide_root_decay(2))
  end subroutine bury

  pure subroutine age(state, years)
    real(r8), intent(inout) :: state(:)
    real(r8), intent(in)    :: years
    type(cohort_type) :: cohort
    integer :: i, kind

    if (state(since) < landslide_missing) state(since) = state(since) + years
    do kind = tree, open
       do i = 1, n
          cohort = taken(state, kind, i)
          if (cohort%area <= 0._r8) cycle
          cohort%decayed = cohort%decayed + years
          if (kind /= open) then
             cohort%grown = cohort%grown + years
             if (regrown(kind, cohort%grown) >= 1._r8) cohort = cohort_type()  ! undisturbed ground again
          end if
          call put(state, kind, i, cohort)
       end do
    end do
  end subroutine age

  ! Fraction of the coarse roots that is gone and that neither turnover nor lost cover explains; 0 if unknown.
  pure function unexplained(state, years, fall, coarse_carbon) result(fraction)
    real(r8), intent(in) :: state(:)
    real(r8), intent(in) :: years
    real(r8), intent(in) :: fall           ! of tree and shrub cover (1)
    real(r8), intent(in) :: coarse_carbon  ! kg C/m2
    real(r8) :: fraction, expected

    fraction = 0._r8
    if (max(state(last_coarse), coarse_carbon) >= landslide_missing) return
    if (sum(state(:shrub)) <= 0._r8) return
    expected = state(last_coarse) * max(0._r8, 1._r8 - fall / sum(state(:shrub))) &
         * exp(-landslide_root_turnover * years)
    if (expected > 0._r8) fraction = min(1._r8, max(0._r8, 1._r8 - coarse_carbon / expected))
  end function unexplained

  pure subroutine remember_carbon(state, root_carbon, coarse_carbon)
    real(r8), intent(inout) :: state(:)
    real(r8), intent(in)    :: root_carbon, coarse_carbon

    if (root_carbon < landslide_missing) state(last_carbon) = root_carbon
    if (coarse_carbon < landslide_missing) state(last_coarse) = coarse_carbon
  end subroutine remember_carbon

  ! Tree and shrub cover (1), of a column that covers together do not exceed; missing if any is.
  pure function woody(cover) result(covers)
    real(r8), intent(in) :: cover(:)
    real(r8) :: covers(2)

    covers = landslide_spval
    if (all(abs(cover) < landslide_missing)) covers = max(0._r8, cover(:2)) / max(1._r8, sum(cover))
  end function woody

  ! Strength left of dead roots.
  pure function left(years) result(share)
    real(r8), intent(in) :: years
    real(r8) :: share

    share = 1._r8
    if (years > 0._r8) share = exp(-landslide_root_decay(1) * years**landslide_root_decay(2))
  end function left

  ! Strength of growing roots relative to grown ones.
  pure function regrown(kind, years) result(share)
    integer , intent(in) :: kind
    real(r8), intent(in) :: years
    real(r8) :: share, p(4)

    share = 0._r8
    if (kind == open) return
    p = parameters_of(kind)
    share = min(1._r8, max(0._r8, 1._r8 / (p(1) + p(2) * exp(-p(4) * years)) + p(3)))
  end function regrown

  ! The age at which growing roots have that strength.
  pure function age_of(kind, share) result(years)
    integer , intent(in) :: kind
    real(r8), intent(in) :: share
    real(r8) :: years, p(4)

    p = parameters_of(kind)
    years = max(0._r8, -log((1._r8 / (share - p(3)) - p(1)) / p(2)) / p(4))
  end function age_of

  pure function parameters_of(kind) result(p)
    integer, intent(in) :: kind
    real(r8) :: p(4)

    p = landslide_root_tree
    if (kind == shrub) p = landslide_root_shrub
  end function parameters_of

  pure function taken(state, kind, i) result(cohort)
    real(r8), intent(in) :: state(:)
    integer , intent(in) :: kind, i
    type(cohort_type) :: cohort
    integer :: k

    k = first + ((kind - 1) * n + i - 1) * size_of
    cohort = cohort_type(state(k), state(k + 1), state(k + 2), state(k + 3), state(k + 4))
  end function taken

  pure subroutine put(state, kind, i, cohort)
    real(r8), intent(inout) :: state(:)
    integer , intent(in)    :: kind, i
    type(cohort_type), intent(in) :: cohort
    integer :: k

    k = first + ((kind - 1) * n + i - 1) * size_of
    state(k:k + size_of - 1) = [cohort%area, cohort%dead, cohort%decayed, cohort%grown, cohort%carbon]
    if (cohort%area <= 0._r8) state(k:k + size_of - 1) = 0._r8
  end subroutine put

end module landslide_roots
