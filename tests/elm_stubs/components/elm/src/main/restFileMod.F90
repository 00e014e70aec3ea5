module restFileMod
  ! Stand-in: what is in a restart file, and in which order it is defined, written and read.
  use decompMod    , only : bounds_type
  use elm_instMod
  use ncdio_pio    , only : file_desc_t
  implicit none
  private
  public :: restFile_write, restFile_read

contains

  subroutine restFile_write(bounds, file)
    type(bounds_type), intent(in) :: bounds
    character(len=*) , intent(in) :: file
    type(file_desc_t) :: ncid

    ncid%folder = file
    call soilstate_restart(bounds, ncid, flag='define')
    call soilstate_restart(bounds, ncid, flag='write')
  end subroutine restFile_write

  subroutine restFile_read(bounds, file)
    type(bounds_type), intent(in) :: bounds
    character(len=*) , intent(in) :: file
    type(file_desc_t) :: ncid

    ncid%folder = file
    call soilstate_restart(bounds, ncid, flag='read')
  end subroutine restFile_read

  subroutine soilstate_restart(bounds, ncid, flag)
    type(bounds_type), intent(in) :: bounds
    type(file_desc_t), intent(inout) :: ncid
    character(len=*), intent(in) :: flag
    if (flag == ' ' .or. ncid%folder == ' ' .or. bounds%level /= 1) stop 'soilstate_restart: bad arguments'
  end subroutine soilstate_restart

end module restFileMod
