module LandslideControlMod

  !-----------------------------------------------------------------------
  ! !DESCRIPTION:
  ! Settings of ELM-Landslide: group landslide_inparm of the file landslide_in in the run directory (with the
  ! instance's suffix). Read on the master processor and broadcast. No file: the component is off.
  ! cime_config/landslide_in.template lists the names, their defaults and what they mean.
  !
  ! !USES:
  use abortutils       , only : endrun
  use elm_instance     , only : inst_suffix
  use elm_varctl       , only : iulog
  use landslide_fields , only : landslide_default_base_rate, landslide_largest_base_rate
  use shr_kind_mod     , only : r8 => shr_kind_r8
  use shr_mpi_mod      , only : shr_mpi_barrier, shr_mpi_bcast
  use spmdMod          , only : masterproc, mpicom
  !
  implicit none
  private
  save
  !
  ! !PUBLIC MEMBER FUNCTIONS:
  public :: LandslideReadSettings   ! read the settings and broadcast them
  public :: LandslideEngineSettings ! settings as landslide.h wants them
  public :: LandslideStop           ! stop the run with one message for an error that all processors have
  public :: LandslideAbort          ! stop the run for an error of this processor
  !
  ! !PUBLIC DATA: set once by LandslideReadSettings, before any thread reads them
  logical            , public, protected :: use_landslide             = .false.
  character(len=1024), public, protected :: landslide_model           = 'landslide.pt'
  character(len=64)  , public, protected :: landslide_sha256          = ' '
  character(len=32)  , public, protected :: landslide_engine          = 'tile'
  character(len=1024), public, protected :: landslide_plugin          = ' '
  character(len=32)  , public, protected :: landslide_instruction_set = 'auto'
  character(len=1024), public, protected :: landslide_static          = ' '
  character(len=1024), public, protected :: landslide_disturbance     = ' '
  character(len=1024), public, protected :: landslide_moisture_offset = ' '
  character(len=1024), public, protected :: landslide_rain_factor     = ' '
  character(len=32)  , public, protected :: landslide_invalid         = 'flag'
  integer            , public, protected :: landslide_interval        = 0        ! s
  logical            , public, protected :: landslide_record          = .false.
  real(r8)           , public, protected :: landslide_base_rate       = landslide_default_base_rate  ! 1/km2/year
  !
  ! !PRIVATE DATA:
  character(len=*), parameter :: group = 'landslide_inparm'
  character(len=*), parameter :: names = 'use_landslide, landslide_model, landslide_sha256, landslide_engine, ' // &
       'landslide_plugin, landslide_instruction_set, landslide_static, landslide_invalid, landslide_interval, ' // &
       'landslide_record, landslide_base_rate, landslide_disturbance, landslide_moisture_offset, ' // &
       'landslide_rain_factor'
  integer, parameter :: line_size = 2048
  integer, parameter :: day = 86400  ! s
  !-----------------------------------------------------------------------

contains

  !-----------------------------------------------------------------------
  subroutine LandslideReadSettings()
    !
    ! !DESCRIPTION:
    ! Read the settings on the master processor and broadcast them. A wrong file stops the run.
    !
    ! !LOCAL VARIABLES:
    character(len=256)  :: file
    character(len=1024) :: message
    logical             :: exists
    !-----------------------------------------------------------------------

    if (masterproc) then
       file = 'landslide_in' // trim(inst_suffix)
       inquire(file=trim(file), exist=exists)
       if (exists) then
          call read_group(trim(file), message)
          if (message /= ' ') call LandslideAbort(message)  ! the others wait below
          if (.not. use_landslide) write(iulog,*) 'ELM-Landslide is off: use_landslide = .false. in ' // trim(file)
       else
          write(iulog,*) 'ELM-Landslide is off: no file ' // trim(file) // ' in the run directory'
       end if
    end if

    call shr_mpi_bcast(use_landslide            , mpicom)
    call shr_mpi_bcast(landslide_model          , mpicom)
    call shr_mpi_bcast(landslide_sha256         , mpicom)
    call shr_mpi_bcast(landslide_engine         , mpicom)
    call shr_mpi_bcast(landslide_plugin         , mpicom)
    call shr_mpi_bcast(landslide_instruction_set, mpicom)
    call shr_mpi_bcast(landslide_static         , mpicom)
    call shr_mpi_bcast(landslide_disturbance    , mpicom)
    call shr_mpi_bcast(landslide_moisture_offset, mpicom)
    call shr_mpi_bcast(landslide_rain_factor    , mpicom)
    call shr_mpi_bcast(landslide_invalid        , mpicom)
    call shr_mpi_bcast(landslide_interval       , mpicom)
    call shr_mpi_bcast(landslide_record         , mpicom)
    call shr_mpi_bcast(landslide_base_rate      , mpicom)

  end subroutine LandslideReadSettings

  !-----------------------------------------------------------------------
  function LandslideEngineSettings() result(settings)
    !
    ! !DESCRIPTION:
    ! The settings that the engine takes, 'key=value;key=value' of landslide.h.
    !
    ! !ARGUMENTS:
    character(len=:), allocatable :: settings
    !-----------------------------------------------------------------------

    settings = 'engine=' // trim(landslide_engine) // ';instruction_set=' // trim(landslide_instruction_set)
    if (landslide_plugin /= ' ') settings = settings // ';plugin=' // trim(landslide_plugin)
    if (landslide_sha256 /= ' ') settings = settings // ';sha256=' // trim(landslide_sha256)

  end function LandslideEngineSettings

  !-----------------------------------------------------------------------
  subroutine LandslideStop(message)
    !
    ! !DESCRIPTION:
    ! Stop the run. Every processor calls this with the same error; only the master writes it and ends them all.
    !
    ! !ARGUMENTS:
    character(len=*), intent(in) :: message
    !-----------------------------------------------------------------------

    if (masterproc) call LandslideAbort(message)
    call shr_mpi_barrier(mpicom)

  end subroutine LandslideStop

  !-----------------------------------------------------------------------
  subroutine LandslideAbort(message)
    !
    ! !DESCRIPTION:
    ! End all processors with an error of this one. ELM's endrun writes only to the land log; e3sm.log, where CIME
    ! sends the user, gets the message here.
    !
    ! !USES:
    use, intrinsic :: iso_fortran_env, only : error_unit
    !
    ! !ARGUMENTS:
    character(len=*), intent(in) :: message
    !-----------------------------------------------------------------------

    write(error_unit,'(a)') ' ERROR: ELM-Landslide: ' // trim(message)
    call endrun(msg=' ERROR: ELM-Landslide: ' // trim(message))

  end subroutine LandslideAbort

  !-----------------------------------------------------------------------
  subroutine read_group(file, message)
    !
    ! !DESCRIPTION:
    ! Read the group line by line, each line as a separate namelist, so that an error can name the line. A value
    ! cannot continue on the next line.
    !
    ! !ARGUMENTS:
    character(len=*), intent(in)  :: file
    character(len=*), intent(out) :: message  ! empty, or what is wrong and what to do
    !
    ! !LOCAL VARIABLES:
    character(len=line_size) :: line, bare
    character(len=512)       :: reason
    character(len=16)        :: number
    integer                  :: unit, status, n, start
    logical                  :: inside, ended
    !-----------------------------------------------------------------------

    message = ' '
    inside = .false.
    ended = .false.
    open(newunit=unit, file=file, status='old', action='read', iostat=status, iomsg=reason)
    if (status /= 0) then
       message = file // ': cannot be read (' // trim(reason) // ')'
       return
    end if
    n = 0
    do while (.not. ended .and. message == ' ')
       read(unit, '(a)', iostat=status, iomsg=reason) line
       if (status /= 0) exit
       n = n + 1
       call remove_comment(line, bare)
       if (.not. inside) then
          start = index(bare, '&' // group // ' ')
          if (start == 0) cycle
          inside = .true.
          line(:start + len(group)) = ' '
          bare(:start + len(group)) = ' '
       end if
       if (bare == ' ') cycle
       if (adjustl(bare) == '/') then
          ended = .true.
       else if (index(bare, '/') > 0) then
          message = 'a / outside quotes ends the group: put a path in quotes, and the / on a line of its own'
       else
          call read_line(trim(line), message)
       end if
       if (message == ' ') cycle
       write(number, '(i0)') n
       message = file // ', line ' // trim(number) // ': ' // trim(adjustl(line)) // ': ' // message
    end do
    close(unit)
    if (message == ' ' .and. .not. inside) message = file // ': has no group &' // group // &
         '; start from cime_config/landslide_in.template'
    if (message == ' ' .and. .not. ended) message = file // ': group &' // group // &
         ' has no end; close it with a line /'

  end subroutine read_group

  !-----------------------------------------------------------------------
  subroutine read_line(line, message)
    !
    ! !DESCRIPTION:
    ! Take the settings of one line, and refuse an unknown name or a bad value.
    !
    ! !USES:
    use, intrinsic :: ieee_arithmetic, only : ieee_is_finite
    !
    ! !ARGUMENTS:
    character(len=*), intent(in)  :: line
    character(len=*), intent(out) :: message
    !
    ! !LOCAL VARIABLES:
    character(len=len(group) + len(line) + 4) :: text
    character(len=512) :: reason
    integer            :: status
    logical            :: good
    namelist /landslide_inparm/ use_landslide, landslide_model, landslide_sha256, landslide_engine, &
         landslide_plugin, landslide_instruction_set, landslide_static, landslide_invalid, landslide_interval, &
         landslide_record, landslide_base_rate, landslide_disturbance, landslide_moisture_offset, &
         landslide_rain_factor
    !-----------------------------------------------------------------------

    message = ' '
    text = '&' // group // ' ' // line // ' /'
    read(text, nml=landslide_inparm, iostat=status, iomsg=reason)
    if (status /= 0) then
       message = 'unknown name or bad value (' // trim(reason) // '); the names are ' // names // &
            '; a switch takes .true. or .false., text goes in quotes'
       return
    end if
    call check_choice('landslide_engine'         , landslide_engine         , 'tile torchscript'         , message)
    call check_choice('landslide_instruction_set', landslide_instruction_set, 'auto baseline avx2 avx512', message)
    call check_choice('landslide_invalid'        , landslide_invalid        , 'flag stop'                , message)
    if (landslide_model == ' ') message = 'landslide_model is empty; give the path of a model file'
    if (landslide_sha256 /= ' ' .and. (len_trim(landslide_sha256) /= 64 .or. &
         verify(trim(landslide_sha256), '0123456789abcdefABCDEF') > 0)) then
       message = 'landslide_sha256 is not 64 hexadecimal digits'
    end if
    good = ieee_is_finite(landslide_base_rate)  ! first: a comparison with NaN may trap
    if (good) good = landslide_base_rate >= 0._r8 .and. landslide_base_rate <= landslide_largest_base_rate
    if (.not. good) then
       write(message, '(a, i0)') 'landslide_base_rate is the number of landslides per km2 of steep land and year ' // &
            'where the hazard is 1: it lies between 0 and ', nint(landslide_largest_base_rate)
    end if
    if (landslide_interval /= 0) then
       if (landslide_interval < 0 .or. mod(day, max(1, landslide_interval)) /= 0) then
          message = 'landslide_interval is the number of seconds from one run of the network to the next: it ' // &
               'divides the day evenly, such as 3600 or 10800, or is 0 for every time step'
       end if
    end if

  end subroutine read_line

  !-----------------------------------------------------------------------
  subroutine check_choice(name, value, choices, message)
    !
    ! !ARGUMENTS:
    character(len=*), intent(in)    :: name
    character(len=*), intent(in)    :: value
    character(len=*), intent(in)    :: choices  ! separated by one space
    character(len=*), intent(inout) :: message  ! what is wrong, unchanged if nothing is
    !-----------------------------------------------------------------------

    if (index(' ' // choices // ' ', ' ' // trim(value) // ' ') == 0) then
       message = name // " is '" // trim(value) // "'; allowed are: " // choices
    end if

  end subroutine check_choice

  !-----------------------------------------------------------------------
  pure subroutine remove_comment(line, bare)
    !
    ! !ARGUMENTS:
    character(len=*), intent(inout) :: line  ! loses its comment; a tab becomes a space
    character(len=*), intent(out)   :: bare  ! the same with spaces for what is in quotes
    !
    ! !LOCAL VARIABLES:
    character(len=1) :: quote
    integer          :: i
    !-----------------------------------------------------------------------

    bare = ' '
    quote = ' '
    do i = 1, len_trim(line)
       if (line(i:i) == achar(9)) line(i:i) = ' '
       if (quote == ' ') then
          if (line(i:i) == '!') then
             line(i:) = ' '
             exit
          end if
          if (line(i:i) == '"' .or. line(i:i) == "'") then
             quote = line(i:i)
          else
             bare(i:i) = line(i:i)
          end if
       else if (line(i:i) == quote) then
          quote = ' '
       end if
    end do

  end subroutine remove_comment

end module LandslideControlMod
