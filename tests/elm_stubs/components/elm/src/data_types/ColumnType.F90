module ColumnType
  ! Stand-in: columns.
  use shr_kind_mod , only : r8 => shr_kind_r8
  use elm_varpar   , only : nlevgrnd, nlevsno
  use elm_varcon   , only : ispval, spval
  implicit none
  save
  private

  type, public :: column_physical_properties
     integer , pointer :: gridcell (:) => null()
     real(r8), pointer :: wtgcell  (:) => null()
     integer , pointer :: topounit (:) => null()
     integer , pointer :: pfti     (:) => null()
     integer , pointer :: pftf     (:) => null()
     integer , pointer :: nlevbed  (:) => null()
     real(r8), pointer :: zibed    (:) => null()
     real(r8), pointer :: dz       (:,:) => null()
   contains
     procedure, public :: Init => col_pp_init
  end type column_physical_properties

  type(column_physical_properties), public, target :: col_pp

contains

  subroutine col_pp_init(this, begc, endc)
    class(column_physical_properties) :: this
    integer, intent(in) :: begc, endc

    allocate(this%gridcell (begc:endc)) ; this%gridcell (:) = ispval
    allocate(this%wtgcell  (begc:endc)) ; this%wtgcell  (:) = spval
    allocate(this%topounit (begc:endc)) ; this%topounit (:) = ispval
    allocate(this%pfti     (begc:endc)) ; this%pfti     (:) = ispval
    allocate(this%pftf     (begc:endc)) ; this%pftf     (:) = ispval
    allocate(this%nlevbed  (begc:endc)) ; this%nlevbed  (:) = ispval
    allocate(this%zibed    (begc:endc)) ; this%zibed    (:) = spval
    allocate(this%dz       (begc:endc,-nlevsno+1:nlevgrnd)) ; this%dz (:,:) = spval
  end subroutine col_pp_init

end module ColumnType
