module elm_varcon
  ! Stand-in: constants.
  use shr_kind_mod, only : r8 => shr_kind_r8
  implicit none
  public
  real(r8) :: denh2o = 1.000e3_r8
  real(r8) :: denice = 0.917e3_r8
  real(r8), public, parameter :: spval = 1.e36_r8
  integer , public, parameter :: ispval = -9999
  character(len=16), parameter :: grlnd = 'lndgrid'
  real(r8), allocatable :: zisoi(:)

contains

  subroutine elm_varcon_init()
    use elm_varpar, only : nlevgrnd

    allocate( zisoi(0:nlevgrnd) )
  end subroutine elm_varcon_init

end module elm_varcon
