# The f90wrap extension _landslide_wrap: f90wrap writes Fortran wrappers of landslide_wrap.F90 and numpy's f2py the C
# that calls them; CMake compiles both. f90wrap's own variant of f2py is not used: on Ctrl-C it jumps out of the
# running call, over C++ frames that still have to restore the floating-point environment.
set(WRAP ${CMAKE_CURRENT_BINARY_DIR}/wrap)
file(MAKE_DIRECTORY ${WRAP})
file(WRITE ${WRAP}/kind_map
  "{'real': {'c_double': 'double'},\n"
  " 'integer': {'c_int': 'int', 'c_int8_t': 'signed_char', 'c_int64_t': 'long_long'}}\n")
execute_process(
  COMMAND ${Python_EXECUTABLE} -c "import numpy, numpy.f2py as f2py; print(f2py.get_include(), numpy.get_include(), sep=';')"
  OUTPUT_VARIABLE INCLUDES OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
list(GET INCLUDES 0 F2PY_INCLUDE)
add_custom_command(
  OUTPUT ${WRAP}/f90wrap_landslide_wrap.f90 ${WRAP}/_landslide_wrapmodule.c
  COMMAND ${CMAKE_COMMAND} -E copy ${CMAKE_CURRENT_SOURCE_DIR}/fortran/landslide_wrap.F90 .
  COMMAND Python::Interpreter -m f90wrap --f90wrap -k kind_map -m landslide_wrap landslide_wrap.F90
  COMMAND Python::Interpreter -m numpy.f2py --quiet -m _landslide_wrap f90wrap_landslide_wrap.f90
  DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/fortran/landslide_wrap.F90
  WORKING_DIRECTORY ${WRAP}
  COMMENT "Wrapping landslide_wrap.F90 with f90wrap"
  VERBATIM)
Python_add_library(_landslide_wrap MODULE WITH_SOABI
  ${WRAP}/_landslide_wrapmodule.c
  ${WRAP}/f90wrap_landslide_wrap.f90
  ${F2PY_INCLUDE}/fortranobject.c)
# Before Python's own headers: Debian puts those of its NumPy 1 among them.
target_include_directories(_landslide_wrap BEFORE PRIVATE ${INCLUDES})
target_link_libraries(_landslide_wrap PRIVATE landslide_fortran)
set_target_properties(_landslide_wrap PROPERTIES
  C_VISIBILITY_PRESET default
  INSTALL_RPATH "$ORIGIN/lib")
install(TARGETS _landslide_wrap LIBRARY DESTINATION ${LANDSLIDE_INSTALL})
# An extension that cannot be imported fails here, not on the user's first run. One with a sanitizer wants its library
# preloaded.
if(NOT CMAKE_CROSSCOMPILING AND NOT LANDSLIDE_SANITIZE)
  add_custom_command(TARGET _landslide_wrap POST_BUILD
    COMMAND ${Python_EXECUTABLE} -c "import sys; sys.path.insert(0, sys.argv[1]); import _landslide_wrap"
      $<TARGET_FILE_DIR:_landslide_wrap>
    COMMENT "Importing the extension"
    VERBATIM)
endif()
