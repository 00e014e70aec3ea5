module LandslideChanceMod

  !-----------------------------------------------------------------------
  ! !DESCRIPTION:
  ! The chance of at least one reported landslide in a gridcell and day, from the hazard. Landslides are a Poisson
  ! process: rate / 365 * steep land * hazard are expected in a day. offline/chance.py does the same.
  !
  ! !USES:
  use, intrinsic :: ieee_arithmetic, only : ieee_is_finite
  use elm_varcon       , only : spval
  use landslide_fields , only : landslide_missing, landslide_steep
  use shr_kind_mod     , only : r8 => shr_kind_r8
  !
  implicit none
  private
  !
  ! !PUBLIC MEMBER FUNCTIONS:
  public :: OrdinaryNumber  ! landslides in a gridcell and day at a hazard of 1
  public :: Chance          ! of at least one
  !
  ! !PRIVATE DATA:
  real(r8), parameter :: days_per_year = 365._r8
  real(r8), parameter :: few = 1.e-5_r8  ! expected landslides, below which two terms have more digits than exp
  !-----------------------------------------------------------------------

contains

  !-----------------------------------------------------------------------
  pure function OrdinaryNumber(rate, area, frac, slope) result(number)
    !
    ! !DESCRIPTION:
    ! Landslides in a gridcell and day at a hazard of 1, spval where the area of its land is not known.
    !
    ! !ARGUMENTS:
    real(r8), intent(in) :: rate      ! per km2 of steep land and year
    real(r8), intent(in) :: area      ! km2, of the gridcell; ELM starts it as NaN
    real(r8), intent(in) :: frac      ! of it that is land; ELM starts it as -1e36
    real(r8), intent(in) :: slope(:)  ! m/m, at equal steps of area, not decreasing
    real(r8)             :: number
    !-----------------------------------------------------------------------

    number = spval
    if (.not. (ieee_is_finite(area) .and. ieee_is_finite(frac))) return
    if (area < 0._r8 .or. area >= landslide_missing .or. frac < 0._r8 .or. frac >= landslide_missing) return
    number = rate / days_per_year * area * frac * steep_share(slope)

  end function OrdinaryNumber

  !-----------------------------------------------------------------------
  pure function steep_share(slope) result(share)
    !
    ! !DESCRIPTION:
    ! Share of the area that is steeper than landslide_steep, linear between the percentiles.
    !
    ! !ARGUMENTS:
    real(r8), intent(in) :: slope(:)
    real(r8)             :: share
    !
    ! !LOCAL VARIABLES:
    integer :: k
    !-----------------------------------------------------------------------

    share = 0._r8
    do k = 1, size(slope) - 1
       if (slope(k) >= landslide_steep) then
          share = share + 1._r8
       else if (slope(k+1) > landslide_steep) then
          share = share + (slope(k+1) - landslide_steep) / (slope(k+1) - slope(k))
       end if
    end do
    share = share / real(size(slope) - 1, r8)

  end function steep_share

  !-----------------------------------------------------------------------
  elemental function Chance(ordinary, hazard) result(probability)
    !
    ! !DESCRIPTION:
    ! Chance of at least one landslide (1), spval where one of the two is.
    !
    ! !ARGUMENTS:
    real(r8), intent(in) :: ordinary  ! as of OrdinaryNumber
    real(r8), intent(in) :: hazard    ! LANDSLIDE_HAZARD
    real(r8)             :: probability
    !
    ! !LOCAL VARIABLES:
    real(r8) :: number  ! of landslides, expected
    !-----------------------------------------------------------------------

    probability = spval
    if (ordinary >= landslide_missing .or. hazard >= landslide_missing) return
    number = ordinary * hazard
    if (number < few) then
       probability = number - 0.5_r8 * number**2
    else
       probability = 1._r8 - exp(-number)
    end if

  end function Chance

end module LandslideChanceMod
