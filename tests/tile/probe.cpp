// The tile engine for tests: without a model file around the program and without checks of its outputs.
#include <cstring>

#include "landslide_guard.hpp"
#include "landslide_tile_engine.hpp"

using landslide::tile::Engine;

extern "C" {

__attribute__((visibility("default"))) int probe_open(const unsigned char *bytes, long n, const char *set, void **engine,
                                                      char *message) {
  return landslide::guarded("probe", message, [=] {
    *engine = new Engine(landslide::tile::read_program({bytes, static_cast<std::size_t>(n)}), set);
  });
}

__attribute__((visibility("default"))) int probe_run(const void *engine, int ncol, const double *x, double *y, int *flag,
                                                     char *message) {
  return landslide::guarded("probe", message, [=] { static_cast<const Engine *>(engine)->run(ncol, x, y, flag); });
}

__attribute__((visibility("default"))) const char *probe_instruction_set(const void *engine) {
  return static_cast<const Engine *>(engine)->instruction_set();
}

__attribute__((visibility("default"))) void probe_close(void *engine) { delete static_cast<Engine *>(engine); }
}
