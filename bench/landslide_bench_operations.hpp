// The operations of the tile program by themselves.
#ifndef LANDSLIDE_BENCH_OPERATIONS_HPP
#define LANDSLIDE_BENCH_OPERATIONS_HPP

#include <string>

namespace landslide_bench {

// Prints fma_fraction (rate of the linear layers over that of multiply_add_loop, both in multiply-adds per second) and,
// for each kind of operation, operation_share.KIND of the time of a tile. Throws std::runtime_error.
void measure_operations(const std::string &model, const std::string &instruction_set, bool quick);

}  // namespace landslide_bench

#endif
