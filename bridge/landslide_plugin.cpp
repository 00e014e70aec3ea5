#include <dlfcn.h>
#include <sys/stat.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "landslide_engine.hpp"
#include "landslide_error.hpp"
#include "landslide_fields.h"

namespace landslide {

namespace {

const landslide_engine_api *load_plugin(const std::string &name) {
  if (name.empty()) {
    throw Error(LANDSLIDE_ERROR_ENGINE, "engine torchscript needs the setting plugin=<path of liblandslide_torch.so>");
  }
  const auto reason = [] {
    const char *text = dlerror();  // NOLINT(concurrency-mt-unsafe): glibc keeps it for each thread
    return std::string(text == nullptr ? "no reason given" : text);
  };
  struct stat info;
  if (stat(name.c_str(), &info) == 0 && !S_ISREG(info.st_mode)) {  // a pipe would be waited for
    throw Error(LANDSLIDE_ERROR_ENGINE,
                "plugin '" + name + "' is not a regular file; give the path of liblandslide_torch.so");
  }
  void *library = dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    throw Error(LANDSLIDE_ERROR_ENGINE,
                "plugin '" + name + "' cannot be loaded: " + reason() + "; give the path of liblandslide_torch.so");
  }
  const auto entry = reinterpret_cast<landslide_engine_entry_type>(dlsym(library, "landslide_engine_entry"));
  if (entry == nullptr) {
    throw Error(LANDSLIDE_ERROR_ENGINE, "plugin '" + name + "' is not an engine: " + reason());
  }
  const landslide_engine_api *api = entry();
  if (api == nullptr || api->version != LANDSLIDE_ENGINE_VERSION) {
    throw Error(LANDSLIDE_ERROR_ENGINE, "plugin '" + name + "' has another engine version than " +
                                            std::to_string(LANDSLIDE_ENGINE_VERSION) + "; rebuild both together");
  }
  return api;
}

// The network must not see NaN or Inf: arithmetic on them could reach a column's outputs behind its missing select.
std::vector<double> finite_inputs(std::size_t n, const double *x) {
  std::vector<double> inputs(x, x + n);
  for (double &value : inputs) {
    if (!std::isfinite(value)) value = LANDSLIDE_SPVAL;
  }
  return inputs;
}

class PluginEngine : public Engine {
 public:
  PluginEngine(const landslide_engine_api *api, const unsigned char *bytes, std::size_t n_bytes, int threads)
      : api_(api) {
    char reason[LANDSLIDE_MESSAGE_SIZE] = "";
    if (api_->open(bytes, static_cast<std::int64_t>(n_bytes), threads, &state_, reason) != 0) {
      throw Error(LANDSLIDE_ERROR_ENGINE, std::string("engine torchscript cannot open the model: ") + reason);
    }
  }
  ~PluginEngine() override { api_->close(state_); }
  PluginEngine(const PluginEngine &) = delete;
  PluginEngine &operator=(const PluginEngine &) = delete;

  void run(int ncol, const double *x, double *y, int *flag) const override {
    std::vector<double> inputs = finite_inputs(static_cast<std::size_t>(ncol) * LANDSLIDE_N_IN, x);
    char reason[LANDSLIDE_MESSAGE_SIZE] = "";
    if (api_->run(state_, ncol, inputs.data(), y, flag, reason) != 0) {
      throw Error(LANDSLIDE_ERROR_ENGINE, std::string("engine torchscript failed: ") + reason);
    }
  }
  const char *instruction_set() const override { return ""; }

 private:
  const landslide_engine_api *api_;
  void *state_ = nullptr;
};

}  // namespace

std::unique_ptr<Engine> open_plugin(const std::string &path, const unsigned char *bytes, std::size_t n_bytes,
                                    int threads) {
  return std::make_unique<PluginEngine>(load_plugin(path), bytes, n_bytes, threads);
}

}  // namespace landslide
