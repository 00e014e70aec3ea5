module LandslideCellsMod

  !-----------------------------------------------------------------------
  ! !DESCRIPTION:
  ! Files of the user on the cells of the land grid, with LATIXY and LONGXY: opening them, and whether the cells are
  ! those of the run. One that cannot be right stops the run.
  !
  ! !USES:
  use LandslideControlMod , only : LandslideStop
  use ncdio_pio           , only : file_desc_t
  use shr_kind_mod        , only : r8 => shr_kind_r8
  !
  implicit none
  private
  !
  ! !PUBLIC MEMBER FUNCTIONS:
  public :: LandslideOpenCells    ! open a file, and check the number of its cells
  public :: LandslideCheckPlaces  ! check where they lie
  !-----------------------------------------------------------------------

contains

  !-----------------------------------------------------------------------
  subroutine LandslideOpenCells(setting, file, dimension_name, wanted, ncid, length)
    !
    ! !USES:
    use domainMod , only : ldomain
    use fileutils , only : getfil
    use ncdio_pio , only : ncd_inqdid, ncd_inqdlen, ncd_inqfdims, ncd_pio_openfile
    !
    ! !ARGUMENTS:
    character(len=*) , intent(in)    :: setting         ! that names the file
    character(len=*) , intent(in)    :: file
    character(len=*) , intent(in)    :: dimension_name  ! that the file must have beside the cells
    character(len=*) , intent(in)    :: wanted          ! its variables
    type(file_desc_t), intent(inout) :: ncid
    integer          , intent(out)   :: length          ! of that dimension
    !
    ! !LOCAL VARIABLES:
    character(len=1024) :: local
    character(len=80)   :: sizes
    integer             :: id, ni, nj, ns
    logical             :: exists, isgrid2d
    !-----------------------------------------------------------------------

    inquire(file=trim(file), exist=exists)
    if (.not. exists) call LandslideStop(setting // ': no file ' // trim(file) // '; give its full path')
    call getfil(file, local, 0)
    call ncd_pio_openfile(ncid, trim(local), 0)
    call ncd_inqdid(ncid, dimension_name, id, exists)
    if (.not. exists) call LandslideStop(setting // ': ' // trim(file) // ' has no dimension ' // dimension_name // &
         ': wanted ' // wanted // ' on (' // dimension_name // ', gridcell) or (' // dimension_name // &
         ', lsmlat, lsmlon)')
    call ncd_inqdlen(ncid, id, length)
    call ncd_inqfdims(ncid, isgrid2d, ni, nj, ns)
    if (ni * nj /= ldomain%ns) then
       write(sizes, '(2(a, i0))') ' has ', ni * nj, ' cells, the land grid ', ldomain%ns
       call LandslideStop(setting // ': ' // trim(file) // trim(sizes) // &
            ': it is on another grid; write it on the cells of fsurdat')
    end if

  end subroutine LandslideOpenCells

  !-----------------------------------------------------------------------
  subroutine LandslideCheckPlaces(setting, file, bounds, ncid)
    !
    ! !USES:
    use decompMod    , only : bounds_type
    use elm_varcon   , only : grlnd
    use GridcellType , only : grc_pp
    use ncdio_pio    , only : ncd_io
    use shr_mpi_mod  , only : shr_mpi_sum
    use spmdMod      , only : mpicom
    !
    ! !ARGUMENTS:
    character(len=*) , intent(in)    :: setting, file
    type(bounds_type), intent(in)    :: bounds  ! of the processor
    type(file_desc_t), intent(inout) :: ncid
    !
    ! !LOCAL VARIABLES:
    real(r8), parameter :: tolerance = 1.e-3_r8  ! degrees, also offline
    real(r8), pointer   :: lat(:), lon(:)        ! degrees
    character(len=20)   :: number
    real(r8)            :: apart
    real(r8)            :: here(1), everywhere(1)  ! cells that lie elsewhere
    logical             :: readvar(2)
    integer             :: g
    !-----------------------------------------------------------------------

    allocate(lat(bounds%begg:bounds%endg), lon(bounds%begg:bounds%endg))
    call ncd_io(ncid=ncid, varname='LATIXY', flag='read', data=lat, dim1name=grlnd, readvar=readvar(1))
    call ncd_io(ncid=ncid, varname='LONGXY', flag='read', data=lon, dim1name=grlnd, readvar=readvar(2))
    if (.not. all(readvar)) call LandslideStop(setting // ': ' // trim(file) // &
         ' lacks LATIXY or LONGXY; see cime_config/README.md of ELM-Landslide')
    here = 0._r8
    do g = bounds%begg, bounds%endg
       apart = abs(modulo(lon(g) - grc_pp%londeg(g) + 180._r8, 360._r8) - 180._r8)
       if (.not. max(apart, abs(lat(g) - grc_pp%latdeg(g))) <= tolerance) here = here + 1._r8
    end do
    deallocate(lat, lon)
    call shr_mpi_sum(here, everywhere, mpicom, 'LandslideCheckPlaces', all=.true.)
    if (everywhere(1) <= 0._r8) return
    write(number, '(i0)') nint(everywhere(1))
    call LandslideStop(setting // ': ' // trim(file) // ': ' // trim(number) // &
         ' cells lie elsewhere than those of the land grid: it is on another grid, or in another order; write it ' // &
         'on the cells of fsurdat')

  end subroutine LandslideCheckPlaces

end module LandslideCellsMod
