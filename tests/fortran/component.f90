! A host in Fortran: sections of larger arrays, wrong shapes, messages, closing twice.
! Usage: component MODEL SETTINGS ENGINE. Prints one line a check; 'failed' ends the line of one that did not hold.
program component
  use, intrinsic :: iso_c_binding, only : c_double, c_int, c_int8_t
  use landslide, only : landslide_model_type, landslide_load_file, landslide_load_bytes, landslide_check_layers, &
       landslide_run, landslide_describe, landslide_close, landslide_message_size
  use landslide_fields, only : landslide_n_in, landslide_n_out, landslide_spval, landslide_interfaces, &
       landslide_flag_ok, landslide_flag_invalid, in_slope
  implicit none
  integer, parameter :: r8 = c_double, ncol = 6
  type(landslide_model_type) :: model, other
  real(r8) :: x(2 * ncol, landslide_n_in + 3), y(2 * ncol, landslide_n_out + 2), whole(ncol, landslide_n_out)
  integer(c_int) :: flag(3 * ncol), flags(ncol)
  character(len=landslide_message_size) :: message
  character(len=4096) :: path, settings, engine
  integer(c_int8_t), allocatable :: bytes(:)
  integer :: i, j, status, unit, n

  call get_command_argument(1, path)
  call get_command_argument(2, settings)
  call get_command_argument(3, engine)

  call landslide_run(model, x(1:0, 1:landslide_n_in), y(1:0, 1:landslide_n_out), flag(1:0), message, status)
  call check('not open', status == 1 .and. index(message, 'landslide_run: model is a null pointer') == 1)
  call landslide_load_file(model, '/no/such/file', settings, message, status)
  call check('no file', status == 2 .and. message == 'landslide_open_file: /no/such/file: No such file or directory')

  call landslide_load_file(model, path, settings, message, status)
  call check('load', status == 0 .and. message == '')
  if (status /= 0) print '(a)', trim(message)
  call landslide_check_layers(model, landslide_interfaces, message)
  call check('layers', message == '')
  call landslide_check_layers(model, landslide_interfaces(:5), message, status)
  call check('few layers', status == 4 .and. message /= '')

  ! The columns are every second row, the fields begin at the third column: no dimension is contiguous.
  x = -1.0_r8
  y = -1.0_r8
  flag = -1
  do j = 1, landslide_n_in
     do i = 1, ncol
        x(2 * i, j + 2) = 0.01_r8 * real(i, r8) + 0.001_r8 * real(j, r8)
     end do
  end do
  x(2 * 3, in_slope + 2) = landslide_spval
  call landslide_run(model, x(2::2, 3:landslide_n_in + 2), y(2::2, 2:landslide_n_out + 1), flag(3::3), message, status)
  call check('run', status == 0 .and. message == '')
  call check('between the columns', all(y(1::2, :) == -1.0_r8) .and. all(y(:, 1) == -1.0_r8) &
       .and. all(y(:, landslide_n_out + 2) == -1.0_r8) .and. all(flag(1::3) == -1) .and. all(flag(2::3) == -1))
  call check('invalid', flag(3 * 3) == landslide_flag_invalid .and. &
       all(y(2 * 3, 2:landslide_n_out + 1) == landslide_spval))
  call check('ok', count(flag(3::3) == landslide_flag_ok) == ncol - 1)

  call landslide_run(model, x(2::2, 1:landslide_n_in - 1), whole, flags, message, status)
  call check('shape of x', status == 1 .and. index(message, 'landslide_run: x has the wrong shape') == 1)
  call landslide_run(model, x(2::2, 1:landslide_n_in), whole(:, 2:), flags, message, status)
  call check('shape of y', status == 1 .and. index(message, 'landslide_run: y has the wrong shape') == 1)
  call landslide_run(model, x(2::2, 1:landslide_n_in), whole, flags(2:), message, status)
  call check('shape of flag', status == 1 .and. index(message, 'landslide_run: flag has the wrong shape') == 1)
  call landslide_run(model, x(1:0, 1:landslide_n_in), y(1:0, 1:landslide_n_out), flag(1:0), message, status)
  call check('no columns', status == 0 .and. message == '')

  inquire(file=path, size=n)
  allocate(bytes(2 * n))
  bytes = 0_c_int8_t
  open(newunit=unit, file=path, access='stream', form='unformatted', status='old', action='read')
  read(unit) bytes(1::2)
  close(unit)
  call landslide_load_bytes(other, bytes(1::2), settings, message, status)
  call check('load bytes', status == 0 .and. message == '')
  bytes = 0_c_int8_t
  call landslide_run(other, x(2::2, 3:landslide_n_in + 2), whole, flags, message)
  call check('same from bytes', all(whole == y(2::2, 2:landslide_n_out + 1)) .and. all(flags == flag(3::3)))
  call landslide_load_bytes(other, bytes(1:0), settings, message, status)
  call check('no bytes', status == 2 .and. landslide_describe(other) == '{}')
  call check('describe', index(landslide_describe(model), '{"engine": "' // trim(engine) // '"') == 1)
  call landslide_load_file(model, path, settings, message, status)
  call check('load again', status == 0)
  call landslide_close(model)
  call landslide_close(model)
  call landslide_run(model, x(2::2, 3:landslide_n_in + 2), whole, flags, message, status)
  call check('closed', status == 1 .and. all(whole == landslide_spval) .and. all(flags == landslide_flag_invalid))

  do i = 1, ncol
     print '(a, *(1x, es24.16))', 'y', y(2 * i, 2:landslide_n_out + 1)
  end do

contains

  subroutine check(name, holds)
    character(len=*), intent(in) :: name
    logical, intent(in) :: holds
    if (holds) then
       print '(a)', name
    else
       print '(a)', name // ' failed: ' // trim(message)
    end if
  end subroutine check

end program component
