! The component in plain arrays and integers, for f90wrap: Python holds the handle. No state is kept here.
! A handle is 0 for no model, else the address of a landslide_model_type that load made and close frees.
module landslide_wrap
  use, intrinsic :: iso_c_binding, only : c_double, c_int, c_int8_t, c_int64_t, c_intptr_t, c_loc, c_ptr, &
       c_null_ptr, c_f_pointer
  use landslide, only : landslide_model_type, landslide_load_file, landslide_load_bytes, landslide_check_layers, &
       landslide_run, landslide_describe, landslide_close
  use landslide_roots, only : landslide_roots_start, landslide_roots_advance, landslide_roots_ground, &
       landslide_root_states, first_cohort
  implicit none
  private

  public :: wrap_load_file
  public :: wrap_load_bytes
  public :: wrap_check_layers
  public :: wrap_run
  public :: wrap_describe_size
  public :: wrap_describe
  public :: wrap_close
  public :: wrap_root_states
  public :: wrap_roots_start
  public :: wrap_roots_advance
  public :: wrap_roots_ground

contains

  subroutine wrap_load_file(path, settings, handle, status, message)
    character(len=*),   intent(in)  :: path
    character(len=*),   intent(in)  :: settings
    integer(c_int64_t), intent(out) :: handle
    integer(c_int),     intent(out) :: status
    character(len=512), intent(out) :: message
    type(landslide_model_type), pointer :: model

    allocate(model)
    call landslide_load_file(model, path, settings, message, status)
    handle = kept(model, status)
  end subroutine wrap_load_file

  subroutine wrap_load_bytes(bytes, settings, handle, status, message)
    integer(c_int8_t),  intent(in)  :: bytes(:)
    character(len=*),   intent(in)  :: settings
    integer(c_int64_t), intent(out) :: handle
    integer(c_int),     intent(out) :: status
    character(len=512), intent(out) :: message
    type(landslide_model_type), pointer :: model

    allocate(model)
    call landslide_load_bytes(model, bytes, settings, message, status)
    handle = kept(model, status)
  end subroutine wrap_load_bytes

  subroutine wrap_check_layers(handle, interfaces, status, message)
    integer(c_int64_t), intent(in)  :: handle
    real(c_double),     intent(in)  :: interfaces(:)  ! m
    integer(c_int),     intent(out) :: status
    character(len=512), intent(out) :: message

    call landslide_check_layers(model_of(handle), interfaces, message, status)
  end subroutine wrap_check_layers

  subroutine wrap_run(handle, x, y, flag, status, message)
    integer(c_int64_t), intent(in)    :: handle
    real(c_double),     intent(in)    :: x(:,:)   ! (ncol, n_in)
    real(c_double),     intent(inout) :: y(:,:)   ! (ncol, n_out)
    integer(c_int),     intent(inout) :: flag(:)  ! (ncol)
    integer(c_int),     intent(out)   :: status
    character(len=512), intent(out)   :: message

    call landslide_run(model_of(handle), x, y, flag, message, status)
  end subroutine wrap_run

  subroutine wrap_describe_size(handle, n)
    integer(c_int64_t), intent(in)  :: handle
    integer(c_int),     intent(out) :: n

    n = len(landslide_describe(model_of(handle)))
  end subroutine wrap_describe_size

  subroutine wrap_describe(handle, bytes)
    integer(c_int64_t), intent(in)    :: handle
    integer(c_int8_t),  intent(inout) :: bytes(:)  ! (describe_size) UTF-8
    character(len=:), allocatable :: json

    json = landslide_describe(model_of(handle))
    bytes = transfer(json, bytes, size(bytes))
  end subroutine wrap_describe

  subroutine wrap_close(handle)
    integer(c_int64_t), intent(in) :: handle
    type(landslide_model_type), pointer :: model

    if (handle == 0) return
    model => model_of(handle)
    call landslide_close(model)
    deallocate(model)
  end subroutine wrap_close

  subroutine wrap_root_states(n, head)
    integer(c_int), intent(out) :: n     ! numbers of a column
    integer(c_int), intent(out) :: head  ! of them before the cohorts

    n = landslide_root_states
    head = first_cohort - 1
  end subroutine wrap_root_states

  subroutine wrap_roots_start(state)
    real(c_double), intent(inout) :: state(:,:)  ! (ncol, root_states)
    integer :: i

    do i = 1, size(state, 1)
       call landslide_roots_start(state(i,:))
    end do
  end subroutine wrap_roots_start

  subroutine wrap_roots_advance(state, years, cover, lost, torn, root_carbon, coarse_carbon)
    real(c_double), intent(inout) :: state(:,:)        ! (ncol, root_states)
    real(c_double), intent(in)    :: years(:)          ! (ncol)
    real(c_double), intent(in)    :: cover(:,:)        ! (ncol, 4)
    real(c_double), intent(in)    :: lost(:,:)         ! (ncol, 2)
    real(c_double), intent(in)    :: torn(:,:)         ! (ncol, 2)
    real(c_double), intent(in)    :: root_carbon(:)    ! (ncol)
    real(c_double), intent(in)    :: coarse_carbon(:,:)  ! (ncol, 2)
    integer :: i

    do i = 1, size(state, 1)
       call landslide_roots_advance(state(i,:), years(i), cover(i,:), lost(i,:), torn(i,:), root_carbon(i), &
            coarse_carbon(i,:))
    end do
  end subroutine wrap_roots_advance

  subroutine wrap_roots_ground(state, cover, x, strength)
    real(c_double), intent(in)    :: state(:,:)   ! (ncol, root_states)
    real(c_double), intent(in)    :: cover(:,:)   ! (ncol, 4)
    real(c_double), intent(inout) :: x(:,:)       ! (ncol, n_in)
    real(c_double), intent(inout) :: strength(:)  ! (ncol)
    integer :: i

    do i = 1, size(state, 1)
       call landslide_roots_ground(state(i,:), cover(i,:), x(i,:), strength(i))
    end do
  end subroutine wrap_roots_ground

  ! The handle of a model that was loaded; 0 for one that was not, which is freed.
  function kept(model, status) result(handle)
    type(landslide_model_type), pointer, intent(inout) :: model
    integer(c_int), intent(in) :: status
    integer(c_int64_t) :: handle

    handle = 0
    if (status == 0) then
       handle = int(transfer(c_loc(model), 0_c_intptr_t), c_int64_t)
    else
       deallocate(model)
    end if
  end function kept

  function model_of(handle) result(model)
    integer(c_int64_t), intent(in) :: handle
    type(landslide_model_type), pointer :: model

    call c_f_pointer(transfer(int(handle, c_intptr_t), c_null_ptr), model)
  end function model_of

end module landslide_wrap
