// A step, an operation made ready to run, and what else the engine shares with the operations. They are compiled once
// per instruction set, from the same source, in landslide_tile_{baseline,avx2,avx512}.cpp; nothing here may be a
// function, or a copy made for one processor could end up in the code of another.
#ifndef LANDSLIDE_TILE_STEP_HPP
#define LANDSLIDE_TILE_STEP_HPP

#include <cstdint>

#include "landslide_fields.h"

namespace landslide::tile {

constexpr std::int64_t kLanes = 8;  // doubles in a Block
constexpr double kMissing = LANDSLIDE_SPVAL;

// Where a cell lives. columns: cell c of 8 columns is the block at 8 c; features: cell c of one column is the double
// at c, and a block is 8 neighbouring cells.
enum class Layout { columns = 0, features = 1 };

// Addresses of an operand, in doubles.
struct Source {
  std::int64_t base;  // of Memory::bases
  std::int64_t offset, stride, step;
};

struct Memory {
  double *arena;
  const double *bases[2];  // arena, constants
};

struct Step;
using StepFunction = void (*)(const Step &, const Memory &, std::int64_t iteration);

// An instruction, ready to run in one layout.
struct Step {
  StepFunction function;
  std::int64_t size;
  std::int64_t offset, stride;  // of the destination, in doubles
  Source sources[3];
  std::int64_t extent;
  const double *weights;
  std::int64_t weights_stride;
};

// A loop: its steps, `count` times.
struct Stretch {
  std::int64_t count;
  const Step *steps;
  std::int64_t length;
};

struct InstructionSet {
  const char *name;
  // The function of an operation, null when there is no such operation.
  StepFunction (*function_of)(int op, Layout layout);
  void (*execute)(const Stretch *stretches, std::int64_t n, const Memory &memory);
  // Bring n <= 8 columns of x (Fortran layout, ncol columns) from `column` on into the arena; a value that is not
  // finite counts as missing. columns: lanes beyond n repeat the last column; features: n is 1.
  void (*load)(Layout layout, const double *x, std::int64_t n, std::int64_t column, std::int64_t ncol,
               std::int64_t n_in, double *arena);
};

extern const InstructionSet kBaseline;
#if defined(__x86_64__)
extern const InstructionSet kAvx2;
extern const InstructionSet kAvx512;
#endif

}  // namespace landslide::tile

#endif
