// Speed and memory of the engines, through the C ABI and compiled as E3SM compiles the bridge. `elm-landslide bench`
// builds and runs it; what it prints is one "key value" a line, keys as in bench.json.
//
//   landslide_bench time MODEL COLUMNS BATCHES SETTINGS [SETTINGS2] [quick]
//       median and 95th percentile of landslide_run in microseconds for each of BATCHES ("1,64"); a second engine
//       takes turns with the first, call by call, so that both meet the same machine
//   landslide_bench memory MODEL COLUMNS SETTINGS
//       resident memory (MB, 1e6 bytes) gained by opening the model and running 64 columns
//   landslide_bench operations MODEL INSTRUCTION_SET [quick]
//       rate of the linear layers over that of a bare multiply-add loop; time by kind of operation
//
// COLUMNS: int64 number of columns, then float64 values [column][field].
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "landslide.h"
#include "landslide_bench_operations.hpp"
#include "landslide_bench_statistics.hpp"
#include "landslide_fields.h"

namespace landslide_bench {
namespace {

constexpr std::size_t kFields = LANDSLIDE_N_IN, kOutputs = LANDSLIDE_N_OUT;
constexpr std::size_t kInputs = 8;  // batches that take turns as input: more would time the memory, not the engine

std::vector<double> read_columns(const std::string &path) {
  std::ifstream file(path, std::ios::binary);
  std::int64_t n = 0;
  file.read(reinterpret_cast<char *>(&n), sizeof n);
  std::vector<double> columns(static_cast<std::size_t>(n) * kFields);
  file.read(reinterpret_cast<char *>(columns.data()), static_cast<std::streamsize>(columns.size() * sizeof(double)));
  if (!file) throw std::runtime_error(path + ": cannot be read");
  return columns;
}

// A model with the buffers of a caller; batch b of n columns begins at column b n of those given.
class Caller {
 public:
  Caller(const std::string &path, const std::string &settings) {
    check(landslide_open_file(path.c_str(), settings.c_str(), &model_, message_));
    engine_ = word("engine");
    instruction_set_ = word("instruction_set");
  }
  ~Caller() { landslide_close(&model_); }
  Caller(const Caller &) = delete;
  Caller &operator=(const Caller &) = delete;

  void take(const std::vector<double> &columns, std::size_t n) {
    n_ = n;
    x_.clear();
    for (std::size_t b = 0; b < std::min(kInputs, columns.size() / kFields / n); ++b) {
      std::vector<double> x(n * kFields);
      for (std::size_t i = 0; i < n; ++i) {
        for (std::size_t f = 0; f < kFields; ++f) x[f * n + i] = columns[(b * n + i) * kFields + f];
      }
      x_.push_back(std::move(x));
    }
    if (x_.empty()) throw std::runtime_error("there are fewer columns than a batch of " + std::to_string(n) + " needs");
    y_.assign(n * kOutputs, 0.0);
    flag_.assign(n, 0);
  }

  // Microseconds of one call.
  double call(std::size_t turn) {
    const double *x = x_[turn % x_.size()].data();
    const double start = now();
    const int status = landslide_run(model_, static_cast<int>(n_), x, y_.data(), flag_.data(), message_);
    const double end = now();
    check(status);
    return end - start;
  }

  const std::string &engine() const { return engine_; }
  const std::string &instruction_set() const { return instruction_set_; }

 private:
  void check(int status) const {
    if (status != LANDSLIDE_OK) throw std::runtime_error(message_);
  }

  // A string of the description, which begins with the bridge's own keys.
  std::string word(const std::string &key) const {
    const std::string text = landslide_describe(model_);
    const std::string start = "\"" + key + "\": \"";
    const std::size_t at = text.find(start);
    if (at == std::string::npos) throw std::runtime_error("the description has no " + key);
    return text.substr(at + start.size(), text.find('"', at + start.size()) - at - start.size());
  }

  landslide_model *model_ = nullptr;
  char message_[LANDSLIDE_MESSAGE_SIZE] = "";
  std::string engine_, instruction_set_;
  std::size_t n_ = 0;
  std::vector<std::vector<double>> x_;
  std::vector<double> y_;
  std::vector<int> flag_;
};

// Enough calls for a median, and two seconds of them while that takes less than 2000.
bool enough(std::size_t n, std::size_t calls, double microseconds, bool quick) {
  if (quick) return calls >= 3;
  const std::size_t least = n <= 256 ? 200 : n <= 1024 ? 60 : 15;
  return calls >= least && (microseconds > 2e6 || calls >= 2000);
}

void time_calls(const std::string &path, const std::vector<double> &columns, const std::vector<std::size_t> &batches,
                const std::vector<std::string> &settings, bool quick) {
  std::vector<std::unique_ptr<Caller>> callers;
  callers.reserve(settings.size());
  for (const std::string &text : settings) callers.push_back(std::make_unique<Caller>(path, text));
  for (const auto &caller : callers) {
    if (!caller->instruction_set().empty()) std::printf("instruction_set %s\n", caller->instruction_set().c_str());
  }
#if defined(__clang__)
  std::printf("compiler clang %s\n", __clang_version__);
#else
  std::printf("compiler g++ %s\n", __VERSION__);
#endif
  for (const std::size_t n : batches) {
    std::vector<std::vector<double>> times(callers.size());
    for (const auto &caller : callers) {
      caller->take(columns, n);
      for (std::size_t turn = 0; turn < 3; ++turn) caller->call(turn);  // TorchScript optimises in its first calls
    }
    const double start = now();
    for (std::size_t turn = 0; !enough(n, turn, now() - start, quick); ++turn) {
      for (std::size_t i = 0; i < callers.size(); ++i) times[i].push_back(callers[i]->call(turn));
    }
    for (std::size_t i = 0; i < callers.size(); ++i) {
      const char *engine = callers[i]->engine().c_str();
      std::printf("us_per_call.%s.%zu %.6g\n", engine, n, quantile(times[i], 0.5));
      std::printf("p95_us_per_call.%s.%zu %.6g\n", engine, n, quantile(times[i], 0.95));
      std::printf("calls.%s.%zu %zu\n", engine, n, times[i].size());
      std::fflush(stdout);
    }
  }
}

double resident_mb() {
  std::ifstream file("/proc/self/smaps_rollup");  // exact, where the VmRSS of /proc/self/status may lag
  for (std::string line; std::getline(file, line);) {
    if (line.rfind("Rss:", 0) == 0) return std::strtod(line.c_str() + 4, nullptr) * 1024.0 / 1e6;
  }
  throw std::runtime_error("/proc/self/smaps_rollup gives no Rss");
}

// The inputs, outputs and the library's own pages that a host has anyway are there before.
void measure_memory(const std::string &path, const std::vector<double> &columns, const std::string &settings) {
  constexpr int n = 64;
  std::vector<double> x(n * kFields), y(n * kOutputs, 0.0);
  std::vector<int> flag(n, 0);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t f = 0; f < kFields; ++f) x[f * n + i] = columns[i * kFields + f];
  }
  char message[LANDSLIDE_MESSAGE_SIZE];
  landslide_model *model = nullptr;
  const double before = resident_mb();
  if (landslide_open_file(path.c_str(), settings.c_str(), &model, message) != LANDSLIDE_OK ||
      landslide_run(model, n, x.data(), y.data(), flag.data(), message) != LANDSLIDE_OK) {
    throw std::runtime_error(message);
  }
  std::printf("rss_mb %.4g\n", resident_mb() - before);
  landslide_close(&model);
}

std::vector<std::size_t> sizes(const std::string &text) {
  std::vector<std::size_t> found;
  std::istringstream words(text);
  for (std::string word; std::getline(words, word, ',');) {
    found.push_back(std::strtoul(word.c_str(), nullptr, 10));
    if (found.back() == 0) throw std::runtime_error("'" + text + "' is no list of batch sizes");
  }
  return found;
}

void run(std::vector<std::string> words) {
  const bool quick = !words.empty() && words.back() == "quick";
  if (quick) words.pop_back();
  const std::string what = words.empty() ? "" : words[0] + std::to_string(words.size());
  if (what == "time5" || what == "time6") {
    const std::vector<std::string> settings(words.begin() + 4, words.end());
    time_calls(words[1], read_columns(words[2]), sizes(words[3]), settings, quick);
  } else if (what == "memory4") {
    measure_memory(words[1], read_columns(words[2]), words[3]);
  } else if (what == "operations3") {
    measure_operations(words[1], words[2], quick);
  } else {
    throw std::runtime_error("wanted time, memory or operations with their arguments; see the source's first lines");
  }
}

}  // namespace
}  // namespace landslide_bench

int main(int argc, char **argv) {
  try {
    landslide_bench::run(std::vector<std::string>(argv + 1, argv + argc));
    return 0;
  } catch (const std::exception &error) {
    std::fprintf(stderr, "landslide_bench: %s\n", error.what());
    return 1;
  }
}
