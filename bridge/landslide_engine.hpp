// The interface of an engine, and of an engine in a plug-in. The latter is plain C, because a plug-in may be built by
// another compiler: no C++ type and no exception crosses it.
#ifndef LANDSLIDE_ENGINE_HPP
#define LANDSLIDE_ENGINE_HPP

#include <stdint.h>

#include <cstddef>
#include <memory>
#include <string>

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
typedef const landslide_engine_api *(*landslide_engine_entry_type)();
}

namespace landslide {

class Engine {
 public:
  virtual ~Engine() = default;
  // x (ncol, n_in), y (ncol, n_out), flag (ncol), Fortran layout, ncol > 0. A value that is not finite counts as
  // missing; a flag that is not 0..3 marks a column as failed. Re-entrant. Throws Error (ENGINE).
  virtual void run(int ncol, const double *x, double *y, int *flag) const = 0;
  // The name of the instruction set it runs on, empty when it does not choose one.
  virtual const char *instruction_set() const = 0;
};

// An engine from the plug-in at path, with the model file's bytes. Throws Error (ENGINE) with the loader's or the
// plug-in's reason. The library is never closed again: unloading libtorch while its threads live crashes.
std::unique_ptr<Engine> open_plugin(const std::string &path, const unsigned char *bytes, std::size_t n_bytes,
                                    int threads);

}  // namespace landslide

#endif
