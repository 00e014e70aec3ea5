module restFileMod
  ! Stand-in: what is in a restart file, and in which order it is defined, written and read.
  use decompMod     , only : bounds_type
  use elm_instMod   , only : lakestate_vars
  use LakeStateType , only : lakestate_type
  use ncdio_pio     , only : file_desc_t
  implicit none
  private
  public :: restFile_write, restFile_read

contains

  subroutine restFile_write(bounds, file)
    type(bounds_type), intent(in) :: bounds
    character(len=*) , intent(in) :: file
    type(file_desc_t) :: ncid

    ncid%folder = file
    call lakestate_vars%restart (bounds, ncid, flag='define')
    call lakestate_vars%restart (bounds, ncid, flag='write')
  end subroutine restFile_write

  subroutine restFile_read(bounds, file)
    type(bounds_type), intent(in) :: bounds
    character(len=*) , intent(in) :: file
    type(file_desc_t) :: ncid

    ncid%folder = file
    call lakestate_vars%restart (bounds, ncid, flag='read')
  end subroutine restFile_read

end module restFileMod
