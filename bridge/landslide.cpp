// The C ABI: checks of arguments, then landslide::Model. See landslide.h.
struct __attribute__((visibility("hidden"))) landslide_model;
#pragma GCC visibility push(default)  // what landslide.h declares is all that the library exports
#include "landslide.h"
#pragma GCC visibility pop

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cmath>
#include <cstdio>
#include <string>
#include <system_error>
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

void require(bool holds, const char *text) {
  if (!holds) throw Error(LANDSLIDE_ERROR_ARGUMENT, text);
}

void require_size(std::int64_t n_bytes, const std::string &where) {
  if (n_bytes <= LANDSLIDE_MODEL_BYTES) return;
  throw Error(LANDSLIDE_ERROR_FILE, where + "has " + std::to_string(n_bytes) + " bytes, more than the " +
                                        std::to_string(LANDSLIDE_MODEL_BYTES) + " of the largest model file");
}

struct Descriptor {
  int number;
  explicit Descriptor(int n) : number(n) {}
  ~Descriptor() {
    if (number >= 0) ::close(number);
  }
  Descriptor(const Descriptor &) = delete;
  Descriptor &operator=(const Descriptor &) = delete;
};

std::vector<unsigned char> read_file(const std::string &path) {
  const auto refuse = [&path](const std::string &why) { return Error(LANDSLIDE_ERROR_FILE, path + ": " + why); };
  struct stat info;
  const auto look = [&] {
    if (!S_ISREG(info.st_mode)) throw refuse("not a regular file");
    require_size(info.st_size, path + ": ");
  };
  if (stat(path.c_str(), &info) != 0) throw refuse(std::generic_category().message(errno));
  look();
  // Another file may have taken its place since: the open one is looked at again, and opening does not wait for a pipe.
  const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  if (file.number < 0 || fstat(file.number, &info) != 0) throw refuse(std::generic_category().message(errno));
  look();
  std::vector<unsigned char> bytes(static_cast<std::size_t>(info.st_size));
  for (std::size_t done = 0; done < bytes.size();) {
    const ssize_t n = ::read(file.number, bytes.data() + done, bytes.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw refuse(std::generic_category().message(errno));
    if (n == 0) throw refuse("cannot be read to its end");
    done += static_cast<std::size_t>(n);
  }
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
    landslide::require_size(n_bytes, "");
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
