! ELM-Landslide for a Fortran host: load once, run every step, close. No I/O, no MPI, no state but the model's handle.
!
! message is empty when all is well, otherwise one line that names the routine, the field and what to do; status, to
! distinguish errors, is one of landslide_status in landslide.h. Only the host aborts.
! Fields, their order and units: module landslide_fields.
module landslide
  use, intrinsic :: iso_c_binding, only : c_ptr, c_null_ptr, c_null_char, c_char, c_int, c_int8_t, c_int64_t, &
       c_double, c_loc, c_f_pointer
  use landslide_bridge, only : c_landslide_abi_version, c_landslide_open_file, c_landslide_open_bytes, &
       c_landslide_check_layers, c_landslide_run, c_landslide_describe, c_landslide_close
  use landslide_fields, only : landslide_abi_version, landslide_n_in, landslide_n_out
  implicit none
  private

  integer, parameter, public :: landslide_message_size = 512   ! LANDSLIDE_MESSAGE_SIZE
  integer, parameter :: r8 = c_double
  integer(c_int), parameter :: error_argument = 1              ! LANDSLIDE_ERROR_ARGUMENT

  ! An open model. Threads may share one. A copy is the same model: close only one of them.
  type, public :: landslide_model_type
     private
     type(c_ptr) :: handle = c_null_ptr
  end type landslide_model_type

  public :: landslide_load_file
  public :: landslide_load_bytes
  public :: landslide_check_layers
  public :: landslide_run
  public :: landslide_describe
  public :: landslide_close

contains

  ! Load a model file. settings is 'key=value;key=value', see landslide.h.
  subroutine landslide_load_file(model, path, settings, message, status)
    type(landslide_model_type), intent(inout) :: model  ! one that is open is closed first
    character(len=*), intent(in)  :: path
    character(len=*), intent(in)  :: settings
    character(len=*), intent(out) :: message
    integer, optional, intent(out) :: status
    character(kind=c_char) :: text(landslide_message_size)
    integer(c_int) :: code

    call landslide_close(model)
    if (.not. same_version('landslide_load_file', message, status)) return
    code = c_landslide_open_file(c_string(path), c_string(settings), model%handle, text)
    call report(code, text, message, status)
  end subroutine landslide_load_file

  ! Load a model from the bytes of its file: one rank reads and broadcasts. They may be freed afterwards.
  subroutine landslide_load_bytes(model, bytes, settings, message, status)
    type(landslide_model_type), intent(inout) :: model
    integer(c_int8_t), contiguous, target, intent(in) :: bytes(:)
    character(len=*), intent(in)  :: settings
    character(len=*), intent(out) :: message
    integer, optional, intent(out) :: status
    character(kind=c_char) :: text(landslide_message_size)
    integer(c_int8_t), target :: nothing(1)
    type(c_ptr) :: first
    integer(c_int) :: code

    call landslide_close(model)
    if (.not. same_version('landslide_load_bytes', message, status)) return
    nothing = 0_c_int8_t
    first = c_loc(nothing)
    if (size(bytes) > 0) first = c_loc(bytes)
    code = c_landslide_open_bytes(first, size(bytes, kind=c_int64_t), c_string(settings), model%handle, text)
    call report(code, text, message, status)
  end subroutine landslide_load_bytes

  ! Refuse a host whose layer interfaces are not those of the schema.
  subroutine landslide_check_layers(model, interfaces, message, status)
    type(landslide_model_type), intent(in) :: model
    real(r8), intent(in)          :: interfaces(:)  ! (n_layers + 1) m below the surface, from 0
    character(len=*), intent(out) :: message
    integer, optional, intent(out) :: status
    character(kind=c_char) :: text(landslide_message_size)
    integer(c_int) :: code

    code = c_landslide_check_layers(model%handle, size(interfaces, kind=c_int), interfaces, text)
    call report(code, text, message, status)
  end subroutine landslide_check_layers

  ! Run the columns of x. The arrays may be sections; no columns at all is fine.
  subroutine landslide_run(model, x, y, flag, message, status)
    type(landslide_model_type), intent(in) :: model
    real(r8), intent(in)          :: x(:,:)   ! (ncol, landslide_n_in) inputs, spval where missing
    real(r8), intent(inout)       :: y(:,:)   ! (ncol, landslide_n_out) outputs, spval where invalid
    integer(c_int), intent(inout) :: flag(:)  ! (ncol) landslide_flag_*
    character(len=*), intent(out) :: message
    integer, optional, intent(out) :: status
    character(kind=c_char) :: text(landslide_message_size)
    integer(c_int) :: code

    if (.not. same_shape('x', shape(x), [size(x, 1), landslide_n_in], message, status)) return
    if (.not. same_shape('y', shape(y), [size(x, 1), landslide_n_out], message, status)) return
    if (.not. same_shape('flag', shape(flag), [size(x, 1)], message, status)) return
    code = c_landslide_run(model%handle, size(x, 1, kind=c_int), x, y, flag, text)
    call report(code, text, message, status)
  end subroutine landslide_run

  ! JSON that names the engine, the SHA-256, the schema and the provenance; '{}' for a model that is not open.
  function landslide_describe(model) result(json)
    type(landslide_model_type), intent(in) :: model
    character(len=:), allocatable :: json
    character(kind=c_char), pointer :: text(:)
    type(c_ptr) :: address
    integer :: i, n

    address = c_landslide_describe(model%handle)
    call c_f_pointer(address, text, [huge(n)])  ! its end is its NUL; no more is read
    n = 0
    do while (text(n + 1) /= c_null_char)
       n = n + 1
    end do
    allocate(character(len=n) :: json)
    do i = 1, n
       json(i:i) = text(i)
    end do
  end function landslide_describe

  ! Close the model; closing one that is not open is fine.
  subroutine landslide_close(model)
    type(landslide_model_type), intent(inout) :: model

    call c_landslide_close(model%handle)
  end subroutine landslide_close

  pure function c_string(text) result(c_text)
    character(len=*), intent(in) :: text
    character(kind=c_char, len=len_trim(text) + 1) :: c_text

    c_text = trim(text) // c_null_char
  end function c_string

  subroutine report(code, text, message, status)
    integer(c_int),         intent(in)  :: code
    character(kind=c_char), intent(in)  :: text(:)  ! NUL-terminated
    character(len=*),       intent(out) :: message
    integer, optional,      intent(out) :: status
    integer :: i

    message = ''
    do i = 1, min(size(text), len(message))
       if (text(i) == c_null_char) exit
       message(i:i) = text(i)
    end do
    if (present(status)) status = int(code)
  end subroutine report

  ! Whether the library has the interface that this component was compiled for; if not, message and status say so.
  function same_version(routine, message, status) result(same)
    character(len=*),  intent(in)  :: routine
    character(len=*),  intent(out) :: message
    integer, optional, intent(out) :: status
    logical :: same
    character(len=80) :: versions
    integer(c_int) :: version

    version = c_landslide_abi_version()
    same = version == landslide_abi_version
    message = ''
    if (present(status)) status = 0
    if (same) return
    write(versions, '(a, i0, a, i0)') 'version ', version, ', this component was compiled for ', landslide_abi_version
    message = routine // ': the library liblandslide has the interface of ' // trim(versions) // &
         '; build both from the same sources'
    if (present(status)) status = int(error_argument)
  end function same_version

  ! Whether an array has the wanted shape; if not, message and status say so.
  function same_shape(name, got, wanted, message, status) result(same)
    character(len=*),  intent(in)  :: name
    integer,           intent(in)  :: got(:)
    integer,           intent(in)  :: wanted(:)
    character(len=*),  intent(out) :: message
    integer, optional, intent(out) :: status
    logical :: same
    character(len=80) :: shapes

    same = all(got == wanted)
    message = ''
    if (present(status)) status = 0
    if (same) return
    write(shapes, '(*(i0, :, 1x))') got, wanted
    message = 'landslide_run: ' // name // ' has the wrong shape (got, wanted): ' // trim(shapes) // &
         '; all arrays take the columns of x'
    if (present(status)) status = int(error_argument)
  end function same_shape

end module landslide
