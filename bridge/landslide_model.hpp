// An open model: an engine's network, checked against the golden rows, and its description.
#ifndef LANDSLIDE_MODEL_HPP
#define LANDSLIDE_MODEL_HPP

#include <cstddef>
#include <memory>
#include <string>

#include "landslide_engine.hpp"
#include "landslide_model_file.hpp"
#include "landslide_settings.hpp"

namespace landslide {

class Model {
 public:
  // Throws Error: whatever landslide_open_bytes in landslide.h can return.
  Model(const unsigned char *bytes, std::size_t n_bytes, const Settings &settings);

  // Arguments as landslide_run, already checked, ncol > 0. Throws Error (ENGINE).
  void run(int ncol, const double *x, double *y, int *flag) const;

  const std::string &description() const { return description_; }

 private:
  void check_golden(const Golden &golden) const;

  std::unique_ptr<Engine> engine_;
  std::string description_;
};

// Every output LANDSLIDE_SPVAL and every flag invalid.
void invalidate(int ncol, double *y, int *flag);

}  // namespace landslide

#endif
