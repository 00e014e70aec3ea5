module restUtilMod
  ! Stand-in: variables of restart files.
  use shr_kind_mod , only : r8 => shr_kind_r8
  use ncdio_pio    , only : file_desc_t, ncd_double, stub_io_2d
  implicit none
  save
  private

  interface restartvar
     module procedure restartvar_2d_double_bounds
  end interface restartvar
  public :: restartvar

contains

  subroutine restartvar_2d_double_bounds(ncid, flag, varname, xtype, &
       dim1name, dim2name, switchdim, lowerb2, upperb2, &
       long_name, units, interpinic_flag, data, readvar)
    use decompMod , only : of_columns, of_topounits
    type(file_desc_t), intent(inout)        :: ncid
    character(len=*) , intent(in)           :: flag
    character(len=*) , intent(in)           :: varname
    integer          , intent(in)           :: xtype
    character(len=*) , intent(in)           :: dim1name
    character(len=*) , intent(in)           :: dim2name
    logical          , intent(in)           :: switchdim
    character(len=*) , intent(in)           :: long_name
    character(len=*) , intent(in)           :: interpinic_flag
    real(r8)         , pointer              :: data(:,:)
    logical          , intent(out)          :: readvar
    integer          , intent(in), optional :: lowerb2
    integer          , intent(in), optional :: upperb2
    character(len=*) , intent(in), optional :: units

    if (all(dim1name /= [character(8) :: 'column', 'topounit']) .or. dim2name == ' ' .or. .not. switchdim .or. &
         xtype /= ncd_double .or. long_name == ' ' .or. interpinic_flag /= 'skip' .or. .not. present(units)) &
         stop 'the stand-in has no such variable'
    if (lbound(data, 2) /= lowerb2 .or. ubound(data, 2) /= upperb2) stop 'restartvar: bounds differ'
    call stub_io_2d(ncid, flag, varname, merge(of_columns, of_topounits, dim1name == 'column'), data)
    readvar = flag == 'read'
  end subroutine restartvar_2d_double_bounds

end module restUtilMod
