module LandslideMonthlyMod

  !-----------------------------------------------------------------------
  ! !DESCRIPTION:
  ! Files with one value for each gridcell and month of the year: what remote sensing adds to the soil moisture
  ! (landslide_moisture_offset), and how much harder rain falls where it falls (landslide_rain_factor).
  ! offline/moisture_offset.py and offline/rain_factor.py say what is in them, and read them too.
  !
  ! !USES:
  use, intrinsic :: ieee_arithmetic, only : ieee_is_finite
  use decompMod           , only : bounds_type
  use elm_varcon          , only : spval
  use landslide_fields    , only : landslide_largest_moisture_offset, landslide_largest_rain_factor, &
       landslide_missing, landslide_month_days
  use LandslideCellsMod   , only : LandslideCheckPlaces, LandslideOpenCells
  use LandslideControlMod , only : LandslideAbort, LandslideStop
  use ncdio_pio           , only : file_desc_t, ncd_inqvid, ncd_io, ncd_pio_closefile, var_desc_t
  use shr_kind_mod        , only : r8 => shr_kind_r8
  use shr_mpi_mod         , only : shr_mpi_barrier
  use spmdMod             , only : mpicom
  !
  implicit none
  private
  !
  ! !PRIVATE DATA:
  integer, parameter :: months = size(landslide_month_days)
  !
  ! !PUBLIC TYPES:
  type, public :: landslide_monthly_type

     real(r8), pointer, private :: values_grc (:,:) => null() ! grc, spval where there is none, (begg:endg, months)
     real(r8)         , private :: neutral                    ! what a missing month counts as beside one that is not

   contains

     procedure, public  :: InitMoisture
     procedure, public  :: InitRain
     procedure, public  :: At
     procedure, private :: Read_

  end type landslide_monthly_type
  !-----------------------------------------------------------------------

contains

  !-----------------------------------------------------------------------
  subroutine InitMoisture(this, bounds, file)
    !
    ! !DESCRIPTION:
    ! Offsets of soil moisture (m3/m3). A file that cannot be right stops the run; ' ' is no file.
    !
    ! !ARGUMENTS:
    class(landslide_monthly_type) :: this
    type(bounds_type), intent(in) :: bounds  ! of the processor
    character(len=*) , intent(in) :: file
    !
    ! !LOCAL VARIABLES:
    real(r8), parameter :: most = landslide_largest_moisture_offset
    !-----------------------------------------------------------------------

    this%neutral = 0._r8
    if (file == ' ') return
    call this%Read_(bounds, 'landslide_moisture_offset', file, ['soil_moisture_offset'], [-most, most], ' m3/m3', &
         'give the file that elm-landslide assimilate wrote')

  end subroutine InitMoisture

  !-----------------------------------------------------------------------
  subroutine InitRain(this, bounds, file)
    !
    ! !DESCRIPTION:
    ! Factors of rain where it falls (1): rain_factor, or the inverse of rain_fraction, the share of the cell under
    ! rain.
    !
    ! !ARGUMENTS:
    class(landslide_monthly_type) :: this
    type(bounds_type), intent(in) :: bounds  ! of the processor
    character(len=*) , intent(in) :: file
    !-----------------------------------------------------------------------

    this%neutral = 1._r8
    if (file == ' ') return
    call this%Read_(bounds, 'landslide_rain_factor', file, ['rain_factor  ', 'rain_fraction'], &
         [0._r8, landslide_largest_rain_factor], '', 'give one of rain_factor and rain_fraction')

  end subroutine InitRain

  !-----------------------------------------------------------------------
  subroutine Read_(this, bounds, setting, file, names, valid, units, cure)
    !
    ! !USES:
    use elm_varcon , only : grlnd
    !
    ! !ARGUMENTS:
    class(landslide_monthly_type) :: this
    type(bounds_type), intent(in) :: bounds
    character(len=*) , intent(in) :: setting   ! that names the file
    character(len=*) , intent(in) :: file
    character(len=*) , intent(in) :: names(:)  ! of its variable: one of them; of the second the inverse counts
    real(r8)         , intent(in) :: valid(2)  ! least and greatest value
    character(len=*) , intent(in) :: units     ! of it, for messages
    character(len=*) , intent(in) :: cure      ! for a file without the variable
    !
    ! !LOCAL VARIABLES:
    type(file_desc_t)             :: ncid
    type(var_desc_t)              :: vardesc
    character(len=:), allocatable :: name
    character(len=160)            :: what
    real(r8)                      :: low, high
    integer                       :: length, id, g, k, month
    logical                       :: readvar, there
    !-----------------------------------------------------------------------

    name = trim(names(1))
    call LandslideOpenCells(setting, file, 'month', name, ncid, length)
    if (length /= months) then
       write(what, '(a, i0, a, i0)') ' has ', length, ' months, wanted ', months
       call LandslideStop(setting // ': ' // trim(file) // trim(what) // ': ' // cure)
    end if
    low = valid(1)
    high = valid(2)
    do k = 2, size(names)
       call ncd_inqvid(ncid, trim(names(k)), id, vardesc, there)
       if (.not. there) cycle
       call ncd_inqvid(ncid, name, id, vardesc, readvar)
       if (readvar) call LandslideStop(setting // ': ' // trim(file) // ' has ' // name // ' and ' // &
            trim(names(k)) // ': ' // cure)
       name = trim(names(k))
       low = 1._r8 / valid(2)
       high = 1._r8
    end do
    allocate(this%values_grc(bounds%begg:bounds%endg, months)) ; this%values_grc(:,:) = spval
    call ncd_io(ncid=ncid, varname=name, flag='read', data=this%values_grc, dim1name=grlnd, readvar=readvar)
    if (.not. readvar) call LandslideStop(setting // ': ' // trim(file) // ' lacks ' // name // ': ' // cure)
    call LandslideCheckPlaces(setting, file, bounds, ncid)
    call ncd_pio_closefile(ncid)
    ! NaN is a fill value too; a comparison with it may trap.
    where (.not. ieee_is_finite(this%values_grc)) this%values_grc = spval
    do month = 1, months
       do g = bounds%begg, bounds%endg
          if (abs(this%values_grc(g, month)) >= landslide_missing) then
             this%values_grc(g, month) = spval
          else if (this%values_grc(g, month) < low .or. this%values_grc(g, month) > high) then
             write(what, '(2a, g0.6, a, i0, 2(a, f0.2), a)') name, ' is ', this%values_grc(g, month), ' in month ', &
                  month, ', wanted ', low, ' to ', high, units
             call LandslideAbort(setting // ': ' // trim(file) // ': ' // trim(what))
          else if (name /= trim(names(1))) then
             this%values_grc(g, month) = 1._r8 / this%values_grc(g, month)
          end if
       end do
    end do
    call shr_mpi_barrier(mpicom)  ! nobody goes on while another processor ends them all

  end subroutine Read_

  !-----------------------------------------------------------------------
  pure function At(this, g, month, day) result(value)
    !
    ! !DESCRIPTION:
    ! The value of a gridcell on a day: between the middles of two months in proportion to time, as ELM's monthly
    ! vegetation (SatellitePhenologyMod). A missing month counts as neutral beside one that is not, so that a value
    ! fades and does not jump; between two that are missing there is none: spval.
    !
    ! !ARGUMENTS:
    class(landslide_monthly_type), intent(in) :: this
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
    if (.not. associated(this%values_grc)) return
    t = (day - 0.5_r8) / landslide_month_days(month)
    before = int(t + 0.5_r8)
    weight = (before + 0.5_r8) - t
    before = month + before - 1
    after = before + 1
    if (before < 1) before = months
    if (after > months) after = 1
    first = this%values_grc(g, before)
    second = this%values_grc(g, after)
    if (first >= landslide_missing .and. second >= landslide_missing) return
    if (first >= landslide_missing) first = this%neutral
    if (second >= landslide_missing) second = this%neutral
    value = weight * first + (1._r8 - weight) * second

  end function At

end module LandslideMonthlyMod
