#include <dlfcn.h>

#include <string>

#include "landslide_engine.hpp"
#include "landslide_error.hpp"

namespace landslide {

const landslide_engine_api *load_plugin(const char *path) {
  const std::string name = path;
  if (name.empty()) {
    throw Error(LANDSLIDE_ERROR_ENGINE, "engine torchscript needs the setting plugin=<path of liblandslide_torch.so>");
  }
  const auto reason = [] {
    const char *text = dlerror();
    return std::string(text == nullptr ? "no reason given" : text);
  };
  void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    throw Error(LANDSLIDE_ERROR_ENGINE, "plugin '" + name + "' cannot be loaded: " + reason());
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

}  // namespace landslide
