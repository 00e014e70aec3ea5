// The one exception of the bridge: a status of landslide.h and one line of text. It never leaves the library.
#ifndef LANDSLIDE_ERROR_HPP
#define LANDSLIDE_ERROR_HPP

#include <stdexcept>
#include <string>

#include "landslide.h"

namespace landslide {

class Error : public std::runtime_error {
 public:
  Error(landslide_status status, const std::string &text) : std::runtime_error(text), status_(status) {}
  landslide_status status() const { return status_; }

 private:
  landslide_status status_;
};

}  // namespace landslide

#endif
