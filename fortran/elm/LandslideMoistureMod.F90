module LandslideMoistureMod

  !-----------------------------------------------------------------------
  ! !DESCRIPTION:
  ! The file landslide_moisture_offset: what remote sensing adds to the soil moisture, by month of the year.
  ! offline/moisture_offset.py says what is in it, and reads it too.
  !
  ! !USES:
  use, intrinsic :: ieee_arithmetic, only : ieee_is_finite
  use decompMod           , only : bounds_type
  use elm_varcon          , only : spval
  use landslide_fields    , only : landslide_largest_moisture_offset, landslide_missing, landslide_month_days
  use LandslideCellsMod   , only : LandslideCheckPlaces, LandslideOpenCells
  use LandslideControlMod , only : LandslideAbort, LandslideStop
  use shr_kind_mod        , only : r8 => shr_kind_r8
  use shr_mpi_mod         , only : shr_mpi_barrier
  use spmdMod             , only : mpicom
  !
  implicit none
  private
  !
  ! !PRIVATE DATA:
  character(len=*), parameter :: setting = 'landslide_moisture_offset'
  integer         , parameter :: months = size(landslide_month_days)
  !
  ! !PUBLIC TYPES:
  type, public :: landslide_moisture_type

     real(r8), pointer :: offset_grc (:,:) => null() ! grc (m3/m3), spval where there is none, (begg:endg, months)

   contains

     procedure, public :: Init
     procedure, public :: Offset

  end type landslide_moisture_type
  !-----------------------------------------------------------------------

contains

  !-----------------------------------------------------------------------
  subroutine Init(this, bounds, file)
    !
    ! !DESCRIPTION:
    ! Read the file; one that cannot be right stops the run. ' ' is no file.
    !
    ! !USES:
    use elm_varcon , only : grlnd
    use ncdio_pio  , only : file_desc_t, ncd_io, ncd_pio_closefile
    !
    ! !ARGUMENTS:
    class(landslide_moisture_type)  :: this
    type(bounds_type), intent(in)   :: bounds  ! of the processor
    character(len=*) , intent(in)   :: file
    !
    ! !LOCAL VARIABLES:
    type(file_desc_t)  :: ncid
    character(len=160) :: what
    integer            :: length, g, month
    logical            :: readvar
    !-----------------------------------------------------------------------

    if (file == ' ') return
    call LandslideOpenCells(setting, file, 'month', 'soil_moisture_offset', ncid, length)
    if (length /= months) then
       write(what, '(a, i0, a, i0)') ' has ', length, ' months, wanted ', months
       call LandslideStop(setting // ': ' // trim(file) // trim(what) // &
            ': give the file that elm-landslide assimilate wrote')
    end if
    allocate(this%offset_grc(bounds%begg:bounds%endg, months)) ; this%offset_grc(:,:) = spval
    call ncd_io(ncid=ncid, varname='soil_moisture_offset', flag='read', data=this%offset_grc, dim1name=grlnd, &
         readvar=readvar)
    if (.not. readvar) call LandslideStop(setting // ': ' // trim(file) // &
         ' lacks soil_moisture_offset: give the file that elm-landslide assimilate wrote')
    call LandslideCheckPlaces(setting, file, bounds, ncid)
    call ncd_pio_closefile(ncid)
    ! NaN is a fill value too; a comparison with it may trap.
    where (.not. ieee_is_finite(this%offset_grc)) this%offset_grc = spval
    do month = 1, months
       do g = bounds%begg, bounds%endg
          if (abs(this%offset_grc(g, month)) >= landslide_missing) then
             this%offset_grc(g, month) = spval
          else if (abs(this%offset_grc(g, month)) > landslide_largest_moisture_offset) then
             write(what, '(a, g0.6, a, i0, 2(a, f0.1), a)') 'soil_moisture_offset is ', this%offset_grc(g, month), &
                  ' in month ', month, ', wanted ', -landslide_largest_moisture_offset, ' to ', &
                  landslide_largest_moisture_offset, ' m3/m3'
             call LandslideAbort(setting // ': ' // trim(file) // ': ' // trim(what))
          end if
       end do
    end do
    call shr_mpi_barrier(mpicom)  ! nobody goes on while another processor ends them all

  end subroutine Init

  !-----------------------------------------------------------------------
  pure function Offset(this, g, month, day) result(value)
    !
    ! !DESCRIPTION:
    ! The offset of a gridcell on a day: between the middles of two months in proportion to time, as ELM's monthly
    ! vegetation (SatellitePhenologyMod). A month without an offset counts as 0 beside one that has it, so that an
    ! offset fades and does not jump; between two without there is none: spval.
    !
    ! !ARGUMENTS:
    class(landslide_moisture_type), intent(in) :: this
    integer , intent(in) :: g
    integer , intent(in) :: month, day
    real(r8)             :: value
    !
    ! !LOCAL VARIABLES:
    real(r8) :: t       ! part of the month that has passed in the middle of the day
    real(r8) :: weight  ! of the first of the two months
    real(r8) :: first, second
    integer  :: before, after
    !-----------------------------------------------------------------------

    value = spval
    if (.not. associated(this%offset_grc)) return
    t = (day - 0.5_r8) / landslide_month_days(month)
    before = int(t + 0.5_r8)
    weight = (before + 0.5_r8) - t
    before = month + before - 1
    after = before + 1
    if (before < 1) before = months
    if (after > months) after = 1
    first = this%offset_grc(g, before)
    second = this%offset_grc(g, after)
    if (first >= landslide_missing .and. second >= landslide_missing) return
    if (first >= landslide_missing) first = 0._r8
    if (second >= landslide_missing) second = 0._r8
    value = weight * first + (1._r8 - weight) * second

  end function Offset

end module LandslideMoistureMod
