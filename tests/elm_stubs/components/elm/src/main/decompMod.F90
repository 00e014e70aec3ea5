module decompMod
  ! Stand-in: gridcells in equal runs over processors, and over the clumps of a processor. Indices of a processor
  ! start at 1, as in ELM.
  implicit none
  private
  integer, public :: clump_pproc
  public :: decomp_init, get_proc_clumps, get_clump_bounds, get_proc_bounds

  type bounds_type
     integer :: begg, endg
     integer :: begt, endt
     integer :: begc, endc
     integer :: begp, endp
     integer :: begc_all, endc_all
     integer :: level
     integer :: clump_index
  end type bounds_type
  public bounds_type

  interface get_clump_bounds
     module procedure get_clump_bounds_new
  end interface get_clump_bounds
  interface get_proc_bounds
     module procedure get_proc_bounds_new
  end interface get_proc_bounds

  ! Not ELM's: where a processor's part of the arrays of all gridcells, topounits, columns and patches begins.
  integer, parameter, public :: of_gridcells = 1, of_topounits = 2, of_columns = 3, of_patches = 4
  integer, public :: stub_before(4)  ! global index = index on the processor + this
  integer, public :: stub_total(4)
  integer, allocatable :: first(:,:)  ! (4, gridcells + 1) first global index of each gridcell
  integer :: cells_before, cells

contains

  subroutine decomp_init(first_of_gridcells)
    use spmdMod , only : iam, npes
    integer, intent(in) :: first_of_gridcells(:,:)  ! (4, gridcells + 1)
    integer :: n

    first = first_of_gridcells
    n = size(first, 2) - 1
    stub_total = first(:, n + 1) - 1
    cells_before = iam * n / npes
    cells = (iam + 1) * n / npes - cells_before
    stub_before = first(:, cells_before + 1) - 1
  end subroutine decomp_init

  integer function get_proc_clumps()
    get_proc_clumps = clump_pproc
  end function get_proc_clumps

  subroutine set(before, n, bounds)
    integer, intent(in) :: before, n  ! gridcells of the processor before these, and these
    type(bounds_type), intent(out) :: bounds
    integer :: low(4), high(4)

    low = first(:, cells_before + before + 1) - stub_before
    high = first(:, cells_before + before + n + 1) - stub_before - 1
    bounds = bounds_type(low(1), high(1), low(2), high(2), low(3), high(3), low(4), high(4), low(3), high(3), 1, 0)
  end subroutine set

  subroutine get_proc_bounds_new(bounds)
    type(bounds_type), intent(out) :: bounds

    call set(0, cells, bounds)
  end subroutine get_proc_bounds_new

  subroutine get_clump_bounds_new(n, bounds)
    integer, intent(in) :: n
    type(bounds_type), intent(out) :: bounds
    integer :: before

    before = (n - 1) * cells / clump_pproc
    call set(before, n * cells / clump_pproc - before, bounds)
    bounds%level = 2
    bounds%clump_index = n
  end subroutine get_clump_bounds_new

end module decompMod
