#include "landslide_bench_loop.hpp"

#include <cmath>
#include <stdexcept>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

// Twelve variables, not an array: at -O an array would live in memory. Each starts from another value, or the compiler
// would see that all chains are the same. The values tend to 1.
// NOLINTBEGIN(bugprone-macro-parentheses): these are statements and parts of a sum
#define LANDSLIDE_EACH(DO) DO(0) DO(1) DO(2) DO(3) DO(4) DO(5) DO(6) DO(7) DO(8) DO(9) DO(10) DO(11)
#define LANDSLIDE_START(K) auto s##K = set(1.5 + K);
#define LANDSLIDE_STEP(K) s##K = fma(s##K, scale, shift);
#define LANDSLIDE_SUM(K) +s##K
#define LANDSLIDE_LOOP(TURNS)                          \
  const auto scale = set(0.999999), shift = set(1e-6); \
  LANDSLIDE_EACH(LANDSLIDE_START)                      \
  for (long i = 0; i < (TURNS); ++i) {                 \
    LANDSLIDE_EACH(LANDSLIDE_STEP)                     \
  }                                                    \
  return first(shift LANDSLIDE_EACH(LANDSLIDE_SUM));
// NOLINTEND(bugprone-macro-parentheses)

namespace landslide_bench {
namespace {

constexpr double kChains = 12.0;

namespace baseline {
inline double set(double value) { return value; }
inline double fma(double a, double b, double c) { return std::fma(a, b, c); }
inline double first(double a) { return a; }
double loop(long turns) { LANDSLIDE_LOOP(turns) }
}  // namespace baseline

#if defined(__x86_64__)
#define LANDSLIDE_TARGET __attribute__((target("avx2,fma")))
namespace avx2 {
LANDSLIDE_TARGET inline __m256d set(double value) { return _mm256_set1_pd(value); }
LANDSLIDE_TARGET inline __m256d fma(__m256d a, __m256d b, __m256d c) { return _mm256_fmadd_pd(a, b, c); }
LANDSLIDE_TARGET inline double first(__m256d a) { return _mm256_cvtsd_f64(a); }
LANDSLIDE_TARGET double loop(long turns) { LANDSLIDE_LOOP(turns) }
}  // namespace avx2
#undef LANDSLIDE_TARGET

#define LANDSLIDE_TARGET __attribute__((target("avx512f")))
namespace avx512 {
LANDSLIDE_TARGET inline __m512d set(double value) { return _mm512_set1_pd(value); }
LANDSLIDE_TARGET inline __m512d fma(__m512d a, __m512d b, __m512d c) { return _mm512_fmadd_pd(a, b, c); }
LANDSLIDE_TARGET inline double first(__m512d a) { return _mm512_cvtsd_f64(a); }
LANDSLIDE_TARGET double loop(long turns) { LANDSLIDE_LOOP(turns) }
}  // namespace avx512
#undef LANDSLIDE_TARGET
#endif

struct Loop {
  double (*run)(long turns);
  double lanes;
};

Loop find(const std::string &instruction_set) {
  if (instruction_set == "baseline") return {baseline::loop, 1.0};
#if defined(__x86_64__)
  if (instruction_set == "avx2") return {avx2::loop, 4.0};
  if (instruction_set == "avx512") return {avx512::loop, 8.0};
#endif
  throw std::runtime_error("no multiply-add loop for instruction set '" + instruction_set + "'");
}

}  // namespace

double multiply_adds_per_turn(const std::string &instruction_set) { return kChains * find(instruction_set).lanes; }

double multiply_add_loop(const std::string &instruction_set, long turns) { return find(instruction_set).run(turns); }

}  // namespace landslide_bench
