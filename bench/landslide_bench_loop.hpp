// The processor's rate of multiply-adds: a loop of nothing else, in registers, with the instruction set of the engine.
#ifndef LANDSLIDE_BENCH_LOOP_HPP
#define LANDSLIDE_BENCH_LOOP_HPP

#include <string>

namespace landslide_bench {

// Multiply-adds in each turn of the loop: 12 independent chains (latency 4, two a cycle, need 8) times the lanes.
// Throws std::runtime_error for an unknown instruction set.
double multiply_adds_per_turn(const std::string &instruction_set);

// Does `turns` turns. The result depends on all of them, so that none can be left out.
double multiply_add_loop(const std::string &instruction_set, long turns);

}  // namespace landslide_bench

#endif
