// The interface of an engine. It is plain C, because an engine may be a shared library built by another compiler:
// no C++ type and no exception crosses it.
#ifndef LANDSLIDE_ENGINE_HPP
#define LANDSLIDE_ENGINE_HPP

#include <stdint.h>

#define LANDSLIDE_ENGINE_VERSION 1

extern "C" {

// Functions that can fail return 0, or another number and one line in message (LANDSLIDE_MESSAGE_SIZE bytes).
struct landslide_engine_api {
  int version;  // LANDSLIDE_ENGINE_VERSION
  // Build the network from the bytes of the model file, which may be freed afterwards.
  int (*open)(const void *bytes, int64_t n_bytes, int threads, void **state, char *message);
  // x (ncol, n_in), y (ncol, n_out), flag (ncol), Fortran layout, ncol > 0; x is scratch afterwards.
  // A flag that is not 0..3 marks a column as failed. Re-entrant on one state.
  int (*run)(void *state, int ncol, double *x, double *y, int *flag, char *message);
  void (*close)(void *state);
};

// What a plug-in exports under the name "landslide_engine_entry".
typedef const landslide_engine_api *(*landslide_engine_entry_type)(void);
}

namespace landslide {

// Open the plug-in at path. Throws Error (ENGINE) with the loader's reason. It is never closed again: unloading
// libtorch while its threads live crashes.
const landslide_engine_api *load_plugin(const char *path);

}  // namespace landslide

#endif
