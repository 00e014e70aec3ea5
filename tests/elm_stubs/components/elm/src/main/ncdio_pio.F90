module ncdio_pio
  ! Stand-in: a netCDF file is a folder with one file of raw doubles for each variable.
  use shr_kind_mod , only : r8 => shr_kind_r8
  use spmdMod      , only : masterproc
  use stub_files   , only : has_file, read_items, write_items
  implicit none
  private
  save
  public :: ncd_pio_openfile, ncd_pio_closefile, ncd_defdim, ncd_inqdid, ncd_inqdlen, ncd_inqfdims, ncd_inqvid, ncd_inqvdlen, &
       ncd_io, stub_io_2d

  type, public :: file_desc_t
     character(len=256) :: folder = ' '
  end type file_desc_t
  type, public :: var_desc_t
     integer :: varid
  end type var_desc_t

  integer, parameter, public :: ncd_double = 6
  character(len=32) :: asked = ' '  ! the dimension that was asked for last

  interface ncd_inqvdlen
     module procedure ncd_inqvdlen_byName
  end interface ncd_inqvdlen
  interface ncd_io
     module procedure ncd_io_1d_double
     module procedure ncd_io_2d_double
     module procedure ncd_io_3d_double
  end interface ncd_io

contains

  subroutine ncd_pio_openfile(file, fname, mode)
    class(file_desc_t) , intent(inout) :: file
    character(len=*)   , intent(in)    :: fname
    integer            , intent(in)    :: mode

    file%folder = fname
    if (mode /= 0) stop 'the stand-in opens to read'
  end subroutine ncd_pio_openfile

  subroutine ncd_pio_closefile(file)
    class(file_desc_t), intent(inout) :: file

    file%folder = ' '
  end subroutine ncd_pio_closefile

  subroutine ncd_defdim(ncid,attrib,value,dimid)
    class(file_desc_t), intent(in) :: ncid
    character(len=*)  , intent(in) :: attrib
    integer           , intent(in) :: value
    integer           , intent(out):: dimid

    integer :: unit

    dimid = 1
    if (ncid%folder == ' ' .or. attrib == ' ' .or. value < 1) stop 'ncd_defdim: no file, name or length'
    if (.not. masterproc) return
    open(newunit=unit, file=trim(ncid%folder) // '/dim_' // attrib, access='stream', form='unformatted', &
         status='replace', action='write')
    write(unit) real(value, r8)
    close(unit)
  end subroutine ncd_defdim

  ! A dimension that is asked for is a variable of one number, its length, named dim_ and the name.
  subroutine ncd_inqdid(ncid,name,dimid,dimexist)
    class(file_desc_t),intent(inout) :: ncid
    character(len=*) , intent(in) :: name
    integer          , intent(out):: dimid
    logical,optional , intent(out):: dimexist

    dimid = merge(1, -1, has_file(trim(ncid%folder) // '/dim_' // name))
    asked = name
    if (present(dimexist)) dimexist = dimid > 0
  end subroutine ncd_inqdid

  subroutine ncd_inqdlen(ncid,dimid,len,name)
    class(file_desc_t), intent(inout) :: ncid
    integer           , intent(inout) :: dimid
    integer           , intent(out)   :: len
    character(len=*), optional, intent(in) :: name

    if (dimid < 1 .or. present(name)) stop 'ncd_inqdlen: no such dimension'
    len = length(ncid, asked)
  end subroutine ncd_inqdlen

  integer function length(ncid, name)
    class(file_desc_t), intent(in) :: ncid
    character(len=*)  , intent(in) :: name
    real(r8) :: number
    integer  :: unit

    open(newunit=unit, file=trim(ncid%folder) // '/dim_' // trim(name), access='stream', form='unformatted', &
         status='old', action='read')
    read(unit) number
    close(unit)
    length = nint(number)
  end function length

  subroutine ncd_inqfdims(ncid, isgrid2d, ni, nj, ns)
    class(file_desc_t), intent(inout):: ncid
    logical           , intent(out)  :: isgrid2d
    integer           , intent(out)  :: ni
    integer           , intent(out)  :: nj
    integer           , intent(out)  :: ns

    ni = length(ncid, 'gridcell')
    nj = 1
    ns = ni
    isgrid2d = .false.
  end subroutine ncd_inqfdims

  subroutine ncd_inqvid(ncid,name,varid,vardesc,readvar)
    class(file_desc_t), intent(inout) :: ncid
    character(len=*)  , intent(in)    :: name
    integer           , intent(out)   :: varid
    type(Var_desc_t)  , intent(out)   :: vardesc
    logical, optional , intent(out)   :: readvar

    varid = merge(1, -1, has_file(trim(ncid%folder) // '/' // name))
    vardesc%varid = varid
    if (present(readvar)) readvar = varid > 0
  end subroutine ncd_inqvid

  ! Of a variable only the number of all its values is known: it has one dimension here.
  subroutine ncd_inqvdlen_byName(ncid,varname,dimnum,dlen,err_code)
    class(file_desc_t),intent(inout) :: ncid
    character(len=*)  ,intent(in)    :: varname
    integer           ,intent(in)    :: dimnum
    integer           ,intent(out)   :: dlen
    integer           ,intent(out)   :: err_code
    integer :: bytes

    inquire(file=trim(ncid%folder) // '/' // varname, size=bytes)
    dlen = merge(bytes / 8, -1, dimnum == 1)
    err_code = merge(0, 1, dimnum == 1)
  end subroutine ncd_inqvdlen_byName

  subroutine ncd_io_1d_double(varname, data, dim1name, flag, ncid, nt, readvar, cnvrtnan2fill)
    use decompMod  , only : of_gridcells
    use elm_varcon , only : grlnd
    class(file_desc_t), intent(inout)        :: ncid
    character(len=*)  , intent(in)           :: varname
    real(r8)          , pointer              :: data(:)  ! (gridcells)
    character(len=*)  , intent(in)           :: dim1name
    character(len=*)  , intent(in)           :: flag
    integer           , optional, intent(in) :: nt
    logical           , optional, intent(out):: readvar
    logical           , optional, intent(in) :: cnvrtnan2fill
    real(r8), allocatable :: flat(:,:)
    logical :: found

    if (flag /= 'read' .or. dim1name /= grlnd .or. present(nt) .or. present(cnvrtnan2fill)) &
         stop 'the stand-in reads static gridcell data'
    found = has_file(trim(ncid%folder) // '/' // varname)
    if (present(readvar)) readvar = found
    if (.not. found) return
    allocate(flat(size(data), 1))
    call read_items(trim(ncid%folder) // '/' // varname, of_gridcells, 0, flat)
    data(:) = flat(:, 1)
  end subroutine ncd_io_1d_double

  subroutine ncd_io_2d_double(varname, data, dim1name, lowerb2, upperb2, &
       flag, ncid, nt, readvar, switchdim, cnvrtnan2fill)
    use decompMod  , only : of_gridcells
    use elm_varcon , only : grlnd
    class(file_desc_t), intent(inout) :: ncid
    character(len=*) , intent(in)  :: flag
    character(len=*) , intent(in)  :: varname
    real(r8)         , pointer     :: data(:,:)  ! (gridcells, levels)
    character(len=*) , intent(in)  :: dim1name
    integer, optional, intent(in)  :: nt
    integer, optional, intent(in)  :: lowerb2,upperb2
    logical, optional, intent(out) :: readvar
    logical, optional, intent(in)  :: switchdim
    logical, optional, intent(in)  :: cnvrtnan2fill
    logical :: found

    if (flag /= 'read' .or. dim1name /= grlnd .or. present(nt) .or. present(lowerb2) .or. present(upperb2) .or. &
         present(switchdim) .or. present(cnvrtnan2fill)) stop 'the stand-in reads static gridcell data'
    found = has_file(trim(ncid%folder) // '/' // varname)
    if (present(readvar)) readvar = found
    if (found) call read_items(trim(ncid%folder) // '/' // varname, of_gridcells, 0, data)
  end subroutine ncd_io_2d_double

  subroutine ncd_io_3d_double(varname, data, dim1name, flag, ncid, nt, readvar)
    use decompMod  , only : of_gridcells
    use elm_varcon , only : grlnd
    class(file_desc_t), intent(inout) :: ncid
    character(len=*) , intent(in)  :: flag
    character(len=*) , intent(in)  :: varname
    real(r8)         , pointer     :: data(:,:,:)  ! (gridcells, topounits of each, levels)
    character(len=*) , intent(in)  :: dim1name
    integer, optional, intent(in)  :: nt
    logical, optional, intent(out) :: readvar
    real(r8), allocatable :: flat(:,:)
    logical :: found

    if (flag /= 'read' .or. dim1name /= grlnd .or. present(nt)) stop 'the stand-in reads static gridcell data'
    found = has_file(trim(ncid%folder) // '/' // varname)
    if (present(readvar)) readvar = found
    if (.not. found) return
    allocate(flat(size(data, 1), size(data, 2) * size(data, 3)))
    call read_items(trim(ncid%folder) // '/' // varname, of_gridcells, 0, flat)
    data(:,:,:) = reshape(flat, shape(data))
  end subroutine ncd_io_3d_double

  ! Not ELM's: what restartvar stores.
  subroutine stub_io_2d(ncid, flag, name, of, data)
    type(file_desc_t), intent(in)    :: ncid
    character(len=*) , intent(in)    :: flag, name
    integer          , intent(in)    :: of
    real(r8)         , intent(inout) :: data(:,:)

    if (flag == 'write') call write_items(trim(ncid%folder) // '/' // name, of, 0, data)
    if (flag == 'read') call read_items(trim(ncid%folder) // '/' // name, of, 0, data)
  end subroutine stub_io_2d

end module ncdio_pio
