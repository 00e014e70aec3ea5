module elm_initializeMod
  ! Stand-in: the order in which ELM starts.
  use elm_instMod
  implicit none
  private
  public :: initialize1, initialize2

contains

  subroutine initialize1()
    use ColumnType       , only : col_pp
    use decompMod        , only : bounds_type, get_proc_bounds, of_gridcells, stub_total
    use domainMod        , only : ldomain
    use elm_varcon       , only : elm_varcon_init
    use GridcellType     , only : grc_pp
    use stub_state       , only : read_decomposition
    use TopounitDataType , only : top_af
    use VegetationType   , only : veg_pp
    type(bounds_type) :: bounds_proc

    call elm_varcon_init()
    call read_decomposition()
    call get_proc_bounds(bounds_proc)
    call grc_pp%Init(bounds_proc%begg, bounds_proc%endg)
    ldomain%ns = stub_total(of_gridcells)
    allocate(ldomain%area(bounds_proc%begg:bounds_proc%endg), ldomain%frac(bounds_proc%begg:bounds_proc%endg))
    call top_af%Init(bounds_proc%begt, bounds_proc%endt)
    call col_pp%Init(bounds_proc%begc, bounds_proc%endc)
    call veg_pp%Init(bounds_proc%begp, bounds_proc%endp)
  end subroutine initialize1

  subroutine initialize2(fnamer)
    use decompMod   , only : bounds_type, get_proc_bounds
    use histFileMod , only : hist_htapes_build
    use restFileMod , only : restFile_read
    use stub_state  , only : read_static
    character(len=*), intent(in) :: fnamer  ! restart file, if any
    type(bounds_type) :: bounds_proc

    call get_proc_bounds(bounds_proc)
    call elm_inst_biogeophys(bounds_proc)
    call read_static(soilstate_vars)
    call elm_inst_biogeochem(bounds_proc)
    if (fnamer /= ' ') call restFile_read(bounds_proc, fnamer)
    call hist_htapes_build()
  end subroutine initialize2

end module elm_initializeMod
