! Cohorts of ground on which roots were lost or grow, in the row of numbers that a column's state is.
!
! A column has landslide_root_cohorts of each kind. One more, and the two most alike are merged: area, dead strength,
! live strength and carbon are conserved at that moment; the ages become those that have this strength.
module landslide_root_ground
  use, intrinsic :: iso_c_binding, only : c_double
  use landslide_fields, only : landslide_root_cohorts
  use landslide_root_curves, only : decayed_to, grown_to, left, open, regrown
  implicit none
  private

  integer, parameter :: r8 = c_double
  integer, parameter, public :: n_cohorts = landslide_root_cohorts  ! of each kind
  integer, parameter, public :: first_cohort = 7                    ! of the state
  integer, parameter, public :: cohort_size = 6                     ! numbers
  integer, parameter, public :: landslide_root_states = first_cohort - 1 + 3 * n_cohorts * cohort_size

  type, public :: cohort_type
     real(r8) :: area = 0.0_r8  ! fraction of the column
     real(r8) :: dead = 0.0_r8  ! cohesion of its dead roots when they died, relative to trees (1)
     real(r8) :: decayed = 0.0_r8  ! years since then
     real(r8) :: grown = 0.0_r8  ! years since its live roots began to grow
     real(r8) :: carbon = 0.0_r8  ! root carbon lost with the dead roots (kg C/m2 of the column)
     real(r8) :: before = 0.0_r8  ! cohesion of the ground without loss, relative to trees (1): it never holds more
  end type cohort_type

  public :: taken
  public :: put
  public :: insert
  public :: bury
  public :: carbon_left

contains

  pure function taken(state, kind, i) result(cohort)
    real(r8), intent(in) :: state(:)
    integer , intent(in) :: kind, i
    type(cohort_type) :: cohort
    integer :: k

    k = first_cohort + ((kind - 1) * n_cohorts + i - 1) * cohort_size
    cohort = cohort_type(state(k), state(k + 1), state(k + 2), state(k + 3), state(k + 4), state(k + 5))
  end function taken

  pure subroutine put(state, kind, i, cohort)
    real(r8), intent(inout) :: state(:)
    integer , intent(in)    :: kind, i
    type(cohort_type), intent(in) :: cohort
    integer :: k

    k = first_cohort + ((kind - 1) * n_cohorts + i - 1) * cohort_size
    state(k:k + cohort_size - 1) = &
         [cohort%area, cohort%dead, cohort%decayed, cohort%grown, cohort%carbon, cohort%before]
    if (cohort%area <= 0.0_r8) state(k:k + cohort_size - 1) = 0.0_r8
  end subroutine put

  ! Keep a cohort; if there is no room, the two most alike of its kind become one.
  pure subroutine insert(state, kind, new)
    real(r8), intent(inout) :: state(:)
    integer , intent(in)    :: kind
    type(cohort_type), intent(in) :: new
    type(cohort_type) :: all(n_cohorts + 1)
    real(r8) :: cost, lowest
    integer  :: i, j, one, two

    if (new%area <= 0.0_r8) return
    do i = 1, n_cohorts
       all(i) = taken(state, kind, i)
       if (all(i)%area <= 0.0_r8) then
          call put(state, kind, i, new)
          return
       end if
    end do
    all(n_cohorts + 1) = new
    lowest = huge(lowest)
    one = 1
    two = 2
    do i = 1, n_cohorts
       do j = i + 1, n_cohorts + 1
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
    all(two) = all(n_cohorts + 1)  ! the same if it is that one
    do i = 1, n_cohorts
       call put(state, kind, i, all(i))
    end do
  end subroutine insert

  pure function merged(kind, one, two) result(both)
    integer, intent(in) :: kind
    type(cohort_type), intent(in) :: one, two
    type(cohort_type) :: both
    real(r8), parameter :: least = 1.0e-12_r8
    real(r8) :: carbon, weight

    both%area = one%area + two%area
    both%before = (one%area * one%before + two%area * two%before) / both%area
    call bury(both, one%area * one%dead + two%area * two%dead, &
         one%area * one%dead * left(one%decayed) + two%area * two%dead * left(two%decayed))
    if (kind /= open) both%grown = grown_to(kind, &
         (one%area * regrown(kind, one%grown) + two%area * regrown(kind, two%grown)) / both%area)
    carbon = carbon_left(kind, one) + carbon_left(kind, two)
    both%carbon = 1.0_r8
    weight = carbon_left(kind, both)
    both%carbon = 0.0_r8
    if (weight > least) both%carbon = carbon / weight
  end function merged

  ! Root carbon that a cohort lost and that still counts (kg C/m2 of the column): until live roots are back or, on open
  ! ground, as long as the dead ones hold.
  pure function carbon_left(kind, cohort) result(carbon)
    integer, intent(in) :: kind
    type(cohort_type), intent(in) :: cohort
    real(r8) :: carbon

    carbon = cohort%carbon * (1.0_r8 - regrown(kind, cohort%grown))
    if (kind == open) carbon = cohort%carbon * left(cohort%decayed)
  end function carbon_left

  ! Give a cohort dead roots: what they held when they died and hold now, both times area.
  pure subroutine bury(cohort, dead, now)
    type(cohort_type), intent(inout) :: cohort
    real(r8), intent(in) :: dead, now

    cohort%dead = 0.0_r8
    cohort%decayed = 0.0_r8
    if (cohort%area <= 0.0_r8 .or. dead <= 0.0_r8) return
    cohort%dead = dead / cohort%area
    cohort%decayed = decayed_to(now / dead)
  end subroutine bury

end module landslide_root_ground
