module histFileMod
  ! Stand-in: history fields on columns, averaged over an interval with A, X, M or I and skipping spval, as ELM does.
  use decompMod    , only : bounds_type, of_columns
  use elm_varcon   , only : spval
  use shr_kind_mod , only : r8 => shr_kind_r8
  use stub_files   , only : write_items
  implicit none
  save
  private
  public :: hist_addfld1d, hist_htapes_build, hist_update_hbuf, hist_htapes_wrapup

  type field_type
     character(len=32) :: name
     character(len=1)  :: avgflag
     real(r8), pointer :: values(:)
     real(r8), allocatable :: buffer(:)
     integer , allocatable :: count(:)
  end type field_type

  integer, parameter :: max_fields = 32
  integer, public    :: hist_nhtfrq = 1  ! steps
  character(len=256), public :: hist_folder = ' '
  character(len=1), parameter :: flags(4) = ['A', 'X', 'M', 'I']
  type(field_type) :: fields(max_fields, size(flags))  ! every field with every flag
  integer :: n_fields = 0, n_samples = 0, n_records = 0
  logical :: built = .false.

contains

  subroutine hist_addfld1d (fname, units, avgflag, long_name, ptr_col, l2g_scale_type, default)
    use decompMod , only : get_proc_bounds
    character(len=*), intent(in)           :: fname
    character(len=*), intent(in)           :: units
    character(len=1), intent(in)           :: avgflag
    character(len=*), intent(in)           :: long_name
    real(r8)        , optional, pointer    :: ptr_col(:)
    character(len=*), optional, intent(in) :: l2g_scale_type
    character(len=*), optional, intent(in) :: default
    type(bounds_type) :: bounds
    integer :: i

    if (built) stop 'hist_addfld1d: too late'
    call get_proc_bounds(bounds)
    if (units == ' ' .or. long_name == ' ' .or. avgflag /= 'A' .or. .not. present(l2g_scale_type)) &
         stop 'hist_addfld1d: not as expected'
    if (present(default)) then  ! written all the same
       if (default /= 'inactive') stop 'hist_addfld1d: not as expected'
    end if
    if (lbound(ptr_col, 1) /= bounds%begc .or. ubound(ptr_col, 1) /= bounds%endc) stop 'hist_addfld1d: bounds differ'
    n_fields = n_fields + 1
    do i = 1, size(flags)
       fields(n_fields, i)%name = fname
       fields(n_fields, i)%avgflag = flags(i)
       fields(n_fields, i)%values => ptr_col
       allocate(fields(n_fields, i)%buffer(bounds%begc:bounds%endc), fields(n_fields, i)%count(bounds%begc:bounds%endc))
    end do
  end subroutine hist_addfld1d

  subroutine hist_htapes_build()
    built = .true.
  end subroutine hist_htapes_build

  subroutine hist_update_hbuf(bounds)
    type(bounds_type), intent(in) :: bounds
    integer :: i, k, c

    do i = 1, size(flags)
       do k = 1, n_fields
          associate(f => fields(k, i))
          if (n_samples == 0) then
             f%buffer = spval
             f%count = 0
          end if
          do c = bounds%begc, bounds%endc
             ! As ELM has it: a mean leaves spval out, a maximum that begins with it stays spval.
             if (f%values(c) == spval) then
                if (f%count(c) == 0 .or. f%avgflag == 'I') f%buffer(c) = spval
                if (f%avgflag /= 'A') f%count(c) = 1
                cycle
             end if
             select case (f%avgflag)
             case ('A')
                if (f%count(c) == 0) f%buffer(c) = 0
                f%buffer(c) = f%buffer(c) + f%values(c)
             case ('X')
                if (f%count(c) == 0) f%buffer(c) = -1.e50_r8
                f%buffer(c) = max(f%buffer(c), f%values(c))
             case ('M')
                if (f%count(c) == 0) f%buffer(c) = 1.e50_r8
                f%buffer(c) = min(f%buffer(c), f%values(c))
             case default
                f%buffer(c) = f%values(c)
             end select
             f%count(c) = f%count(c) + 1
          end do
          end associate
       end do
    end do
    n_samples = n_samples + 1
  end subroutine hist_update_hbuf

  ! Write what has been gathered where an interval ends; step 0 is an interval of its own.
  subroutine hist_htapes_wrapup(bounds, nstep)
    type(bounds_type), intent(in) :: bounds
    integer, intent(in) :: nstep
    integer :: i, k

    if (mod(nstep, hist_nhtfrq) /= 0) return
    do i = 1, size(flags)
       do k = 1, n_fields
          associate(f => fields(k, i))
          if (f%avgflag == 'A') then
             where (f%buffer /= spval) f%buffer = f%buffer / real(max(f%count, 1), r8)
          end if
          call write_items(trim(hist_folder) // '/' // trim(f%name) // '.' // f%avgflag, of_columns, n_records, &
               reshape(f%buffer(bounds%begc:bounds%endc), [bounds%endc - bounds%begc + 1, 1]))
          end associate
       end do
    end do
    n_records = n_records + 1
    n_samples = 0
  end subroutine hist_htapes_wrapup

end module histFileMod
