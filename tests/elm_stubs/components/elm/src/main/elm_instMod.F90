module elm_instMod
  ! Stand-in: the instances of ELM's types.
  use CanopyStateType   , only : canopystate_type
  use LakeStateType     , only : lakestate_type
  use SoilHydrologyType , only : soilhydrology_type
  use SoilStateType     , only : soilstate_type
  implicit none
  save
  public
  type(canopystate_type)   :: canopystate_vars
  type(lakestate_type)     :: lakestate_vars
  type(soilstate_type)     :: soilstate_vars
  type(soilhydrology_type) :: soilhydrology_vars

contains

  subroutine elm_inst_biogeophys(bounds_proc)
    use ColumnDataType , only : col_wf, col_ws
    use decompMod      , only : bounds_type
    type(bounds_type), intent(in) :: bounds_proc

    call canopystate_vars%init(bounds_proc)
    call soilstate_vars%init(bounds_proc)
    call soilhydrology_vars%init(bounds_proc)
    call col_ws%init(bounds_proc%begc, bounds_proc%endc)
    call col_wf%init(bounds_proc%begc, bounds_proc%endc)
  end subroutine elm_inst_biogeophys

  subroutine elm_inst_biogeochem(bounds_proc)
    use ColumnDataType     , only : col_cs
    use decompMod          , only : bounds_type
    use elm_varctl         , only : use_cn
    use VegetationDataType , only : veg_cf, veg_cs
    type(bounds_type), intent(in) :: bounds_proc

    if (.not. use_cn) return
    call col_cs%init(bounds_proc%begc, bounds_proc%endc)
    call veg_cs%init(bounds_proc%begp, bounds_proc%endp)
    call veg_cf%init(bounds_proc%begp, bounds_proc%endp)
  end subroutine elm_inst_biogeochem

end module elm_instMod
