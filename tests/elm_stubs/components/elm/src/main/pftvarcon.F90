module pftvarcon
  ! Stand-in: ELM's default list of plant functional types.
  implicit none
  public
  integer :: noveg = 0
  integer :: nbrdlf_dcd_brl_tree = 8
  integer :: nbrdlf_evr_shrub = 9
  integer :: nbrdlf_dcd_brl_shrub = 11
  integer :: nc3_arctic_grass = 12
  integer :: nc4_grass = 14
  integer :: nc3crop = 15
end module pftvarcon
