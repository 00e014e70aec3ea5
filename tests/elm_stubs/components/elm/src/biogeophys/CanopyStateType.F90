module CanopyStateType
  ! Stand-in: the canopy.
  use shr_kind_mod , only : r8 => shr_kind_r8
  use decompMod    , only : bounds_type
  use elm_varcon   , only : spval
  implicit none
  save
  private

  type, public :: canopystate_type
     real(r8), pointer :: tlai_patch (:)
   contains
     procedure, public :: Init
  end type canopystate_type

contains

  subroutine Init(this, bounds)
    class(canopystate_type) :: this
    type(bounds_type), intent(in) :: bounds

    associate(begp => bounds%begp, endp => bounds%endp)
    allocate(this%tlai_patch (begp:endp)) ; this%tlai_patch (:) = spval
    end associate
  end subroutine Init

end module CanopyStateType
