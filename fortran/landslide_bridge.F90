! The C ABI of landslide.h as Fortran sees it. The only bind(C) of the project; nothing but module landslide uses it.
module landslide_bridge
  implicit none
  private
  public :: c_landslide_abi_version
  public :: c_landslide_open_file
  public :: c_landslide_open_bytes
  public :: c_landslide_check_layers
  public :: c_landslide_run
  public :: c_landslide_describe
  public :: c_landslide_close

  interface

     function c_landslide_abi_version() bind(C, name='landslide_abi_version') result(version)
       use, intrinsic :: iso_c_binding, only : c_int
       implicit none
       integer(c_int) :: version
     end function c_landslide_abi_version

     function c_landslide_open_file(path, settings, model, message) bind(C, name='landslide_open_file') result(status)
       use, intrinsic :: iso_c_binding, only : c_int, c_char, c_ptr
       implicit none
       character(kind=c_char), intent(in)    :: path(*)      ! NUL-terminated
       character(kind=c_char), intent(in)    :: settings(*)  ! NUL-terminated
       type(c_ptr),            intent(out)   :: model
       character(kind=c_char), intent(inout) :: message(*)   ! message_size characters
       integer(c_int) :: status
     end function c_landslide_open_file

     function c_landslide_open_bytes(bytes, n_bytes, settings, model, message) &
          bind(C, name='landslide_open_bytes') result(status)
       use, intrinsic :: iso_c_binding, only : c_int, c_int64_t, c_char, c_ptr
       implicit none
       type(c_ptr),        value, intent(in)    :: bytes
       integer(c_int64_t), value, intent(in)    :: n_bytes
       character(kind=c_char),    intent(in)    :: settings(*)
       type(c_ptr),               intent(out)   :: model
       character(kind=c_char),    intent(inout) :: message(*)
       integer(c_int) :: status
     end function c_landslide_open_bytes

     function c_landslide_check_layers(model, n, interfaces, message) &
          bind(C, name='landslide_check_layers') result(status)
       use, intrinsic :: iso_c_binding, only : c_int, c_double, c_char, c_ptr
       implicit none
       type(c_ptr),    value,  intent(in)    :: model
       integer(c_int), value,  intent(in)    :: n
       real(c_double),         intent(in)    :: interfaces(*)  ! (n) m
       character(kind=c_char), intent(inout) :: message(*)
       integer(c_int) :: status
     end function c_landslide_check_layers

     function c_landslide_run(model, ncol, x, y, flag, message) bind(C, name='landslide_run') result(status)
       use, intrinsic :: iso_c_binding, only : c_int, c_double, c_char, c_ptr
       implicit none
       type(c_ptr),    value,  intent(in)    :: model
       integer(c_int), value,  intent(in)    :: ncol
       real(c_double),         intent(in)    :: x(*)     ! (ncol, n_in)
       real(c_double),         intent(inout) :: y(*)     ! (ncol, n_out)
       integer(c_int),         intent(inout) :: flag(*)  ! (ncol)
       character(kind=c_char), intent(inout) :: message(*)
       integer(c_int) :: status
     end function c_landslide_run

     function c_landslide_describe(model) bind(C, name='landslide_describe') result(text)
       use, intrinsic :: iso_c_binding, only : c_ptr
       implicit none
       type(c_ptr), value, intent(in) :: model
       type(c_ptr) :: text
     end function c_landslide_describe

     subroutine c_landslide_close(model) bind(C, name='landslide_close')
       use, intrinsic :: iso_c_binding, only : c_ptr
       implicit none
       type(c_ptr), intent(inout) :: model
     end subroutine c_landslide_close

  end interface
end module landslide_bridge
