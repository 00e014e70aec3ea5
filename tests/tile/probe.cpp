// The tile engine for tests: without a model file around the program and without checks of its outputs.
#if defined(__SSE2__)
#include <xmmintrin.h>
#endif

#include <cstddef>

#include "landslide_guard.hpp"
#include "landslide_tile_engine.hpp"

using landslide::tile::Engine;

extern "C" {

__attribute__((visibility("default"))) int probe_open(const unsigned char *bytes, long n, const char *set,
                                                      void **engine, char *message) {
  return landslide::guarded("probe", message, [=] {
    *engine = new Engine(landslide::tile::read_program({bytes, static_cast<std::size_t>(n)}), set);
  });
}

__attribute__((visibility("default"))) int probe_run(const void *engine, int ncol, const double *x, double *y,
                                                     int *flag, char *message) {
  return landslide::guarded("probe", message, [=] { static_cast<const Engine *>(engine)->run(ncol, x, y, flag); });
}

// probe_run in a host that flushes denormal numbers to zero; *kept tells whether the host still does afterwards.
__attribute__((visibility("default"))) int probe_run_flushed(const void *engine, int ncol, const double *x, double *y,
                                                             int *flag, int *kept, char *message) {
#if defined(__SSE2__)
  constexpr unsigned flush = 0x8040;  // FTZ and DAZ
  const unsigned before = _mm_getcsr();
  _mm_setcsr(before | flush);
  const int status = probe_run(engine, ncol, x, y, flag, message);
  *kept = (_mm_getcsr() & flush) == flush;
  _mm_setcsr(before);
  return status;
#else
  *kept = 1;
  return probe_run(engine, ncol, x, y, flag, message);
#endif
}

__attribute__((visibility("default"))) const char *probe_instruction_set(const void *engine) {
  return static_cast<const Engine *>(engine)->instruction_set();
}

__attribute__((visibility("default"))) void probe_close(void *engine) { delete static_cast<Engine *>(engine); }
}
