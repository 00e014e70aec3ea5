module elm_instance
  ! Stand-in: which of several land models of one run this is.
  implicit none
  private
  character(len=16), public :: inst_suffix = ' '
end module elm_instance
