module ColumnDataType
  ! Stand-in: state and fluxes of columns.
  use shr_kind_mod , only : r8 => shr_kind_r8
  use elm_varpar   , only : nlevgrnd, nlevsno
  use elm_varcon   , only : spval
  implicit none
  save
  private

  type, public :: column_water_state
     real(r8), pointer :: h2osoi_liq (:,:) => null()
     real(r8), pointer :: h2osoi_ice (:,:) => null()
   contains
     procedure, public :: Init => col_ws_init
  end type column_water_state

  type, public :: column_water_flux
     real(r8), pointer :: qflx_surf          (:) => null()
     real(r8), pointer :: qflx_drain         (:) => null()
     real(r8), pointer :: qflx_top_soil      (:) => null()
     real(r8), pointer :: qflx_h2osfc_surf   (:) => null()
     real(r8), pointer :: qflx_drain_perched (:) => null()
     real(r8), pointer :: qflx_snomelt       (:) => null()
   contains
     procedure, public :: Init => col_wf_init
  end type column_water_flux

  type, public :: column_carbon_state
     real(r8), pointer :: totvegc (:) => null()
   contains
     procedure, public :: Init => col_cs_init
  end type column_carbon_state

  type(column_water_state) , public, target :: col_ws
  type(column_water_flux)  , public, target :: col_wf
  type(column_carbon_state), public, target :: col_cs

contains

  subroutine col_ws_init(this, begc, endc)
    class(column_water_state) :: this
    integer, intent(in) :: begc, endc

    allocate(this%h2osoi_liq (begc:endc,-nlevsno+1:nlevgrnd)) ; this%h2osoi_liq (:,:) = spval
    allocate(this%h2osoi_ice (begc:endc,-nlevsno+1:nlevgrnd)) ; this%h2osoi_ice (:,:) = spval
  end subroutine col_ws_init

  subroutine col_wf_init(this, begc, endc)
    class(column_water_flux) :: this
    integer, intent(in) :: begc, endc

    allocate(this%qflx_surf          (begc:endc)) ; this%qflx_surf          (:) = spval
    allocate(this%qflx_drain         (begc:endc)) ; this%qflx_drain         (:) = spval
    allocate(this%qflx_top_soil      (begc:endc)) ; this%qflx_top_soil      (:) = spval
    allocate(this%qflx_h2osfc_surf   (begc:endc)) ; this%qflx_h2osfc_surf   (:) = spval
    allocate(this%qflx_drain_perched (begc:endc)) ; this%qflx_drain_perched (:) = spval
    allocate(this%qflx_snomelt       (begc:endc)) ; this%qflx_snomelt       (:) = spval
  end subroutine col_wf_init

  ! In SP mode nobody calls this: the pointers stay null.
  subroutine col_cs_init(this, begc, endc)
    class(column_carbon_state) :: this
    integer, intent(in) :: begc, endc

    allocate(this%totvegc (begc:endc)) ; this%totvegc (:) = spval
  end subroutine col_cs_init

end module ColumnDataType
