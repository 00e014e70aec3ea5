// The C ABI: checks of arguments, then landslide::Model. See landslide.h.
struct __attribute__((visibility("hidden"))) landslide_model;
#pragma GCC visibility push(default)  // what landslide.h declares is all that the library exports
#include "landslide.h"
#pragma GCC visibility pop

#include <sys/stat.h>

#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "landslide_error.hpp"
#include "landslide_fields.h"
#include "landslide_guard.hpp"
#include "landslide_model.hpp"
#include "landslide_model_file.hpp"

struct landslide_model : landslide::Model {
  using landslide::Model::Model;
};

namespace landslide {
namespace {

constexpr std::int64_t kMaxFileBytes = std::int64_t{1} << 30;  // a model of more than 1 GiB is a mistake

void require(bool holds, const char *text) {
  if (!holds) throw Error(LANDSLIDE_ERROR_ARGUMENT, text);
}

std::vector<unsigned char> read_file(const std::string &path) {
  const auto refuse = [&path](const std::string &why) { return Error(LANDSLIDE_ERROR_FILE, path + ": " + why); };
  struct stat info;
  if (stat(path.c_str(), &info) != 0) throw refuse(std::strerror(errno));
  if (!S_ISREG(info.st_mode)) throw refuse("not a regular file");
  if (info.st_size > kMaxFileBytes) throw refuse("larger than 1 GiB; not a model file");
  const std::unique_ptr<std::FILE, int (*)(std::FILE *)> file(std::fopen(path.c_str(), "rb"), std::fclose);
  if (!file) throw refuse(std::strerror(errno));
  std::vector<unsigned char> bytes(static_cast<std::size_t>(info.st_size));
  if (std::fread(bytes.data(), 1, bytes.size(), file.get()) != bytes.size()) throw refuse("cannot be read to its end");
  return bytes;
}

}  // namespace
}  // namespace landslide

using landslide::Error;
using landslide::guarded;
using landslide::require;

int landslide_abi_version(void) { return LANDSLIDE_ABI_VERSION; }

int landslide_open_file(const char *path, const char *settings, landslide_model **model, char *message) {
  return guarded("landslide_open_file", message, [=] {
    require(model != nullptr, "model is a null pointer; pass the address of a landslide_model pointer");
    *model = nullptr;
    require(path != nullptr, "path is a null pointer; pass the path of a model file");
    const landslide::Settings parsed = landslide::parse_settings(settings);
    const std::vector<unsigned char> bytes = landslide::read_file(path);
    try {
      *model = new landslide_model(bytes.data(), bytes.size(), parsed);
    } catch (const Error &error) {
      throw Error(error.status(), std::string(path) + ": " + error.what());
    }
  });
}

int landslide_open_bytes(const void *bytes, int64_t n_bytes, const char *settings, landslide_model **model,
                         char *message) {
  return guarded("landslide_open_bytes", message, [=] {
    require(model != nullptr, "model is a null pointer; pass the address of a landslide_model pointer");
    *model = nullptr;
    require(bytes != nullptr, "bytes is a null pointer; pass the bytes of a model file");
    require(n_bytes >= 0, "n_bytes is negative; pass the number of bytes");
    const landslide::Settings parsed = landslide::parse_settings(settings);
    *model = new landslide_model(static_cast<const unsigned char *>(bytes), static_cast<std::size_t>(n_bytes), parsed);
  });
}

int landslide_check_layers(const landslide_model *model, int n, const double *interfaces, char *message) {
  return guarded("landslide_check_layers", message, [=] {
    require(model != nullptr, "model is a null pointer; open it first");
    require(interfaces != nullptr, "interfaces is a null pointer; pass n layer interfaces in metres");
    constexpr int n_wanted = LANDSLIDE_N_LAYERS + 1;
    if (n != n_wanted) {
      throw Error(LANDSLIDE_ERROR_SCHEMA, "the host gives " + std::to_string(n) + " layer interfaces, the schema has " +
                                              std::to_string(n_wanted) + "; use a model made for this grid");
    }
    const std::vector<double> wanted = landslide::schema_interfaces();
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      if (std::abs(interfaces[i] - wanted[i]) <= LANDSLIDE_LAYER_TOLERANCE) continue;
      char text[160];
      std::snprintf(text, sizeof text, "layer interface %zu is %.7g m in the host and %.7g m in the schema; %s", i + 1,
                    interfaces[i], wanted[i], "use a model made for this grid");
      throw Error(LANDSLIDE_ERROR_SCHEMA, text);
    }
  });
}

int landslide_run(const landslide_model *model, int ncol, const double *x, double *y, int *flag, char *message) {
  const bool writable = ncol > 0 && y != nullptr && flag != nullptr;
  const int status = guarded("landslide_run", message, [=] {
    require(model != nullptr, "model is a null pointer; open it first");
    require(ncol >= 0, "ncol is negative; pass the number of columns");
    if (ncol == 0) return;
    require(x != nullptr && y != nullptr && flag != nullptr, "x, y or flag is a null pointer; pass all three");
    model->run(ncol, x, y, flag);
  });
  if (status != LANDSLIDE_OK && writable) landslide::invalidate(ncol, y, flag);
  return status;
}

const char *landslide_describe(const landslide_model *model) {
  return model == nullptr ? "{}" : model->description().c_str();
}

void landslide_close(landslide_model **model) {
  if (model == nullptr) return;
  guarded("landslide_close", nullptr, [=] {
    delete *model;
    *model = nullptr;
  });
}
