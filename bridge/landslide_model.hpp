// An open model: an engine's network, checked against the golden rows, and its description.
#ifndef LANDSLIDE_MODEL_HPP
#define LANDSLIDE_MODEL_HPP

#include <cstddef>
#include <string>

#include "landslide_engine.hpp"
#include "landslide_model_file.hpp"
#include "landslide_settings.hpp"

namespace landslide {

class Model {
 public:
  // Throws Error: whatever landslide_open_bytes in landslide.h can return.
  Model(const unsigned char *bytes, std::size_t n_bytes, const Settings &settings);
  ~Model();
  Model(const Model &) = delete;
  Model &operator=(const Model &) = delete;

  // Arguments as landslide_run, already checked, ncol > 0. Throws Error (ENGINE).
  void run(int ncol, const double *x, double *y, int *flag) const;

  const std::string &description() const { return description_; }

 private:
  void check_golden(const Golden &golden) const;

  const landslide_engine_api *engine_ = nullptr;
  void *state_ = nullptr;
  std::string description_;
};

// Every output LANDSLIDE_SPVAL and every flag invalid.
void invalidate(int ncol, double *y, int *flag);

}  // namespace landslide

#endif
