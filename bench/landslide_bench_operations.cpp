#include "landslide_bench_operations.hpp"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <vector>

#include "landslide_bench_loop.hpp"
#include "landslide_bench_statistics.hpp"
#include "landslide_tile_engine.hpp"
#include "landslide_tile_program.hpp"
#include "landslide_zip.hpp"

namespace landslide_bench {
namespace {

namespace tile = landslide::tile;

constexpr double kSlice = 50.0;  // microseconds of a measurement: long beside the clock, short beside a disturbance

struct Named {
  tile::Op op;
  const char *name;
};
constexpr Named kOperations[] = {{tile::Op::copy, "copy"},
                                 {tile::Op::neg, "neg"},
                                 {tile::Op::abs, "abs"},
                                 {tile::Op::sqrt, "sqrt"},
                                 {tile::Op::exp, "exp"},
                                 {tile::Op::log, "log"},
                                 {tile::Op::tan, "tan"},
                                 {tile::Op::sigmoid, "sigmoid"},
                                 {tile::Op::add, "add"},
                                 {tile::Op::sub, "sub"},
                                 {tile::Op::mul, "mul"},
                                 {tile::Op::div, "div"},
                                 {tile::Op::min, "min"},
                                 {tile::Op::max, "max"},
                                 {tile::Op::lt, "lt"},
                                 {tile::Op::le, "le"},
                                 {tile::Op::eq, "eq"},
                                 {tile::Op::fma, "fma"},
                                 {tile::Op::fms, "fms"},
                                 {tile::Op::fnma, "fnma"},
                                 {tile::Op::select, "select"},
                                 {tile::Op::clamp, "clamp"},
                                 {tile::Op::reduce_sum, "reduce_sum"},
                                 {tile::Op::reduce_min, "reduce_min"},
                                 {tile::Op::reduce_max, "reduce_max"},
                                 {tile::Op::linear, "linear"}};

tile::Program read(const std::string &path) {
  std::ifstream file(path, std::ios::binary);
  const std::vector<char> bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (!file || bytes.empty()) throw std::runtime_error(path + ": cannot be read");
  const landslide::ZipReader archive({reinterpret_cast<const unsigned char *>(bytes.data()), bytes.size()});
  return tile::read_program(archive.find(tile::kProgramEntry));
}

// Of 8 columns.
double multiply_adds(const tile::Program &linear) {
  std::int64_t n = 0;
  for (const tile::Loop &loop : linear.loops) {
    for (const tile::Instruction &one : loop.body) n += loop.count * one.size * one.extent;
  }
  return static_cast<double>(n * tile::kLanes);
}

bool is_empty(const tile::Program &program) {
  return std::all_of(program.loops.begin(), program.loops.end(),
                     [](const tile::Loop &loop) { return loop.body.empty(); });
}

// Something to repeat until it takes a slice of time.
template <class Work>
class Repeated {
 public:
  explicit Repeated(Work work) : work_(work) {
    while (slice() < kSlice) repeats_ *= 2;
  }

  // Microseconds of one piece of work, from as many as fill a slice.
  double once() { return slice() / static_cast<double>(repeats_); }

 private:
  double slice() {
    const double start = now();
    for (long i = 0; i < repeats_; ++i) work_();
    return now() - start;
  }

  Work work_;
  long repeats_ = 1;
};

}  // namespace

void measure_operations(const std::string &model, const std::string &instruction_set, bool quick) {
  const int slices = quick ? 3 : 400;
  const tile::Program program = read(model);
  const auto time_of = [&](const tile::Program &part) {
    const tile::Engine engine(part, instruction_set);
    tile::Engine::Scratch scratch(engine);
    Repeated work([&] { engine.execute(tile::Layout::columns, scratch); });
    std::vector<double> times;
    times.reserve(static_cast<std::size_t>(slices));
    for (int i = 0; i < slices; ++i) times.push_back(work.once());
    return quantile(times, 0.5);
  };

  // The layers and the loop take turns, so that both meet the same clock frequency.
  const tile::Program linear = tile::only(program, tile::Op::linear);
  const tile::Engine engine(linear, instruction_set);
  const std::string used = engine.instruction_set();
  tile::Engine::Scratch scratch(engine);
  constexpr long kTurns = 1000;
  volatile double kept = 0.0;  // or the loop could be left out
  Repeated layers([&] { engine.execute(tile::Layout::columns, scratch); });
  Repeated loop([&] { kept = multiply_add_loop(used, kTurns); });
  std::vector<double> layers_times, loop_times;
  for (int i = 0; i < slices; ++i) {
    layers_times.push_back(layers.once());
    loop_times.push_back(loop.once());
  }
  const double layers_rate = multiply_adds(linear) / quantile(layers_times, 0.5);
  const double loop_rate = multiply_adds_per_turn(used) * kTurns / quantile(loop_times, 0.5);
  std::printf("multiply_adds_per_us.linear %.6g\n", layers_rate);
  std::printf("multiply_adds_per_us.loop %.6g\n", loop_rate);
  std::printf("fma_fraction %.4g\n", layers_rate / loop_rate);

  double sum = 0.0;
  std::vector<double> times;
  for (const Named &named : kOperations) {
    const tile::Program part = tile::only(program, named.op);
    times.push_back(is_empty(part) ? 0.0 : time_of(part));
    sum += times.back();
  }
  for (std::size_t i = 0; i < times.size(); ++i) {
    if (times[i] > 0.0) std::printf("operation_share.%s %.4g\n", kOperations[i].name, times[i] / sum);
  }
  std::printf("us_per_tile %.6g\n", time_of(program));
}

}  // namespace landslide_bench
