module LandslidePlacesMod

  !-----------------------------------------------------------------------
  ! !DESCRIPTION:
  ! Whether a file that a setting names is on the gridcells of the run.
  !
  ! !USES:
  use LandslideControlMod , only : LandslideStop
  use shr_kind_mod        , only : r8 => shr_kind_r8
  use spmdMod             , only : mpicom
  !
  implicit none
  private
  !
  ! !PUBLIC MEMBER FUNCTIONS:
  public :: LandslideCheckPlaces  ! stop the run if the cells of a file lie elsewhere
  !-----------------------------------------------------------------------

contains

  !-----------------------------------------------------------------------
  subroutine LandslideCheckPlaces(setting, file, begg, lat, lon)
    !
    ! !USES:
    use GridcellType , only : grc_pp
    use shr_mpi_mod  , only : shr_mpi_sum
    !
    ! !ARGUMENTS:
    character(len=*), intent(in) :: setting  ! that names the file
    character(len=*), intent(in) :: file
    integer         , intent(in) :: begg
    real(r8)        , intent(in) :: lat(begg:), lon(begg:)  ! degrees
    !
    ! !LOCAL VARIABLES:
    real(r8), parameter :: tolerance = 1.e-3_r8  ! degrees, also offline
    character(len=20)   :: number
    real(r8)            :: apart
    real(r8)            :: here(1), everywhere(1)  ! cells that lie elsewhere
    integer             :: g
    !-----------------------------------------------------------------------

    here = 0._r8
    do g = lbound(lat, 1), ubound(lat, 1)
       apart = abs(modulo(lon(g) - grc_pp%londeg(g) + 180._r8, 360._r8) - 180._r8)
       if (.not. max(apart, abs(lat(g) - grc_pp%latdeg(g))) <= tolerance) here = here + 1._r8
    end do
    call shr_mpi_sum(here, everywhere, mpicom, 'LandslideCheckPlaces', all=.true.)
    if (everywhere(1) <= 0._r8) return
    write(number, '(i0)') nint(everywhere(1))
    call LandslideStop(setting // ': ' // trim(file) // ': ' // trim(number) // &
         ' cells lie elsewhere than those of the land grid: it is on another grid, or in another order; write it ' // &
         'on the cells of fsurdat')

  end subroutine LandslideCheckPlaces

end module LandslidePlacesMod
