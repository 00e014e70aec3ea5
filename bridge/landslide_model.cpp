#include "landslide_model.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <locale>
#include <sstream>
#include <vector>

#include "landslide_error.hpp"
#include "landslide_fields.h"
#include "landslide_sha256.hpp"
#include "landslide_tile_engine.hpp"

namespace landslide {
namespace {

std::string json_string(const std::string &text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < ' ') {
      char code[8];
      std::snprintf(code, sizeof code, "\\u%04x", static_cast<unsigned>(c));
      out += code;
    } else {
      out += c;
    }
  }
  return out + "\"";
}

std::string text_of(double value) {
  std::ostringstream text;
  text.imbue(std::locale::classic());  // the host's locale may write a decimal comma
  text.precision(17);
  text << value;
  return text.str();
}

// Rows, tolerances, and how many rows have each flag, from 0 on.
std::string json_of(const Golden &golden) {
  std::string counts;
  for (int flag = LANDSLIDE_FLAG_OK; flag <= LANDSLIDE_FLAG_INVALID; ++flag) {
    counts += (counts.empty() ? "" : ", ") + std::to_string(std::count(golden.flag.begin(), golden.flag.end(), flag));
  }
  return "{\"rows\": " + std::to_string(golden.n_rows) + ", \"rtol\": " + text_of(golden.rtol) +
         ", \"atol\": " + text_of(golden.atol) + ", \"flags\": [" + counts + "]}";
}

// A column whose outputs are not numbers a history file can hold is invalid as a whole.
void check_outputs(int ncol, double *y, int *flag) {
  const auto n = static_cast<std::size_t>(ncol);
  for (std::size_t i = 0; i < n; ++i) {
    bool valid = flag[i] >= LANDSLIDE_FLAG_OK && flag[i] < LANDSLIDE_FLAG_INVALID;
    for (std::size_t k = 0; k < LANDSLIDE_N_OUT; ++k) {
      valid = valid && std::abs(y[i + k * n]) < LANDSLIDE_MISSING;  // false for NaN too
    }
    if (valid) continue;
    flag[i] = LANDSLIDE_FLAG_INVALID;
    for (std::size_t k = 0; k < LANDSLIDE_N_OUT; ++k) y[i + k * n] = LANDSLIDE_SPVAL;
  }
}

std::unique_ptr<Engine> open_engine(const ModelFile &file, const unsigned char *bytes, std::size_t n_bytes,
                                    const Settings &settings) {
  if (settings.engine == "torchscript") return open_plugin(settings.plugin, bytes, n_bytes, settings.threads);
  if (settings.engine != "tile") {
    throw Error(LANDSLIDE_ERROR_ENGINE, "unknown engine '" + settings.engine + "'; known are tile and torchscript");
  }
  if (file.tile.data == nullptr) {
    throw Error(LANDSLIDE_ERROR_FILE, std::string("entry ") + tile::kProgramEntry +
                                          " is missing; export the model again or use engine=torchscript");
  }
  return std::make_unique<tile::Engine>(tile::read_program(file.tile), settings.instruction_set);
}

}  // namespace

void invalidate(int ncol, double *y, int *flag) {
  const auto n = static_cast<std::size_t>(ncol);
  std::fill_n(y, n * LANDSLIDE_N_OUT, LANDSLIDE_SPVAL);
  std::fill_n(flag, n, LANDSLIDE_FLAG_INVALID);
}

Model::Model(const unsigned char *bytes, std::size_t n_bytes, const Settings &settings) {
  const std::string digest = sha256(bytes, n_bytes);
  if (!settings.sha256.empty() && settings.sha256 != digest) {
    throw Error(LANDSLIDE_ERROR_SHA256, "the file's SHA-256 is " + digest + ", not the pinned " + settings.sha256 +
                                            "; use the pinned file or change the pin");
  }
  const ModelFile file = read_model_file(bytes, n_bytes);
  engine_ = open_engine(file, bytes, n_bytes, settings);
  description_ = "{\"engine\": " + json_string(settings.engine) +
                 ", \"instruction_set\": " + json_string(engine_->instruction_set()) +
                 ", \"plugin\": " + json_string(settings.plugin) + ", \"sha256\": \"" + digest +
                 "\", \"schema_version\": " + std::to_string(LANDSLIDE_SCHEMA_VERSION) +
                 ", \"abi_version\": " + std::to_string(LANDSLIDE_ABI_VERSION) +
                 ", \"n_in\": " + std::to_string(LANDSLIDE_N_IN) + ", \"n_out\": " + std::to_string(LANDSLIDE_N_OUT) +
                 ", \"bytes\": " + std::to_string(n_bytes) + ", \"golden\": " + json_of(file.golden) +
                 ", \"model\": " + file.json + "}";
  check_golden(file.golden);
}

void Model::run(int ncol, const double *x, double *y, int *flag) const {
  engine_->run(ncol, x, y, flag);
  check_outputs(ncol, y, flag);
}

void Model::check_golden(const Golden &golden) const {
  const auto n = static_cast<std::size_t>(golden.n_rows);
  std::vector<double> y(n * LANDSLIDE_N_OUT);
  std::vector<int> flag(n);
  run(golden.n_rows, golden.x.data(), y.data(), flag.data());
  const auto refuse = [](std::size_t row, const std::string &what, const std::string &got, const std::string &want) {
    return Error(LANDSLIDE_ERROR_GOLDEN, "golden row " + std::to_string(row + 1) + ", " + what + ": the engine gives " +
                                             got + ", the file says " + want +
                                             "; the file is altered or the engine another");
  };
  for (std::size_t i = 0; i < n; ++i) {
    if (flag[i] != golden.flag[i]) {
      throw refuse(i, "flag", std::to_string(flag[i]), std::to_string(golden.flag[i]));
    }
    for (std::size_t k = 0; k < LANDSLIDE_N_OUT; ++k) {
      const double got = y[i + k * n];
      const double want = golden.y[i + k * n];
      const bool both_missing = got == LANDSLIDE_SPVAL && want == LANDSLIDE_SPVAL;
      const bool near =
          std::abs(want) < LANDSLIDE_MISSING && std::abs(got - want) <= golden.atol + golden.rtol * std::abs(want);
      if (!both_missing && !near) throw refuse(i, "output " + std::to_string(k + 1), text_of(got), text_of(want));
    }
  }
}

}  // namespace landslide
