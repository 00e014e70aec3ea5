// What every function of the C ABI does around its work: hold the floating-point environment, catch everything.
#ifndef LANDSLIDE_GUARD_HPP
#define LANDSLIDE_GUARD_HPP

#include <cfenv>
#include <cstring>
#include <exception>
#include <new>
#include <string>

#include "landslide_error.hpp"

namespace landslide {

// Inside its scope the environment is the default one: no operation traps, rounding is to nearest, and denormal numbers
// are kept, which hosts built with fast math flush to zero. Afterwards it is as before, flags included.
class FloatGuard {
 public:
  FloatGuard() {
    std::feholdexcept(&host_);
    std::fesetenv(FE_DFL_ENV);
  }
  ~FloatGuard() {
    std::feclearexcept(FE_ALL_EXCEPT);
    std::fesetenv(&host_);
  }
  FloatGuard(const FloatGuard &) = delete;
  FloatGuard &operator=(const FloatGuard &) = delete;

 private:
  std::fenv_t host_;
};

// message may be null. One line: whatever would break it becomes a space. Allocates nothing.
inline void write_message(char *message, const char *routine, const char *text) noexcept {
  if (message == nullptr) return;
  std::size_t n = 0;
  for (const char *part : {routine, ": ", text}) {
    for (; *part != '\0' && n + 1 < LANDSLIDE_MESSAGE_SIZE; ++part) {
      message[n++] = static_cast<unsigned char>(*part) < ' ' ? ' ' : *part;
    }
  }
  message[n] = '\0';
}

template <class Body>
int guarded(const char *routine, char *message, Body body) noexcept {
  const FloatGuard hold;
  if (message != nullptr) message[0] = '\0';
  try {
    body();
    return LANDSLIDE_OK;
  } catch (const Error &error) {
    write_message(message, routine, error.what());
    return error.status();
  } catch (const std::bad_alloc &) {
    write_message(message, routine, "out of memory; use fewer columns per call or more memory");
    return LANDSLIDE_ERROR_MEMORY;
  } catch (const std::exception &error) {
    write_message(message, routine, error.what());
    return LANDSLIDE_ERROR_INTERNAL;
  } catch (...) {
    write_message(message, routine, "unknown exception");
    return LANDSLIDE_ERROR_INTERNAL;
  }
}

}  // namespace landslide

#endif
