// Time and quantiles.
#ifndef LANDSLIDE_BENCH_STATISTICS_HPP
#define LANDSLIDE_BENCH_STATISTICS_HPP

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <vector>

namespace landslide_bench {

// Microseconds of a clock that never goes back.
inline double now() {
  return std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// The value that `share` of the values do not exceed; values is not empty.
inline double quantile(std::vector<double> values, double share) {
  const auto at = static_cast<std::size_t>(std::lround(share * static_cast<double>(values.size() - 1)));
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(at), values.end());
  return values[at];
}

}  // namespace landslide_bench

#endif
