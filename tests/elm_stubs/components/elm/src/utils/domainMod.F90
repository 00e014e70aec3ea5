module domainMod
  ! Stand-in: the land grid.
  use shr_kind_mod , only : r8 => shr_kind_r8
  implicit none
  save
  private

  type, public :: domain_type
     integer           :: ns  ! global size of domain
     real(r8), pointer :: frac (:) => null()
     real(r8), pointer :: area (:) => null()
  end type domain_type

  type(domain_type), public :: ldomain

end module domainMod
