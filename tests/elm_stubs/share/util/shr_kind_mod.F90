module shr_kind_mod
  ! Stand-in: kinds.
  public
  integer, parameter :: SHR_KIND_R8 = selected_real_kind(12)
  integer, parameter :: SHR_KIND_IN = kind(1)
end module shr_kind_mod
