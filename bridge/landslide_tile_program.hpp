// The tile program, as python/elm_landslide/tile_program.py describes and writes it: read and checked here, once.
#ifndef LANDSLIDE_TILE_PROGRAM_HPP
#define LANDSLIDE_TILE_PROGRAM_HPP

#include <array>
#include <cstdint>
#include <vector>

#include "landslide_zip.hpp"

namespace landslide::tile {

enum class Op : std::int32_t {
  copy = 0,
  neg = 1,
  abs = 2,
  sqrt = 3,
  exp = 4,
  log = 5,
  tan = 6,
  sigmoid = 7,
  add = 10,
  sub = 11,
  mul = 12,
  div = 13,
  min = 14,
  max = 15,
  lt = 16,
  le = 17,
  eq = 18,
  fma = 20,   // a b + c, rounded once
  fms = 21,   // a b - c
  fnma = 22,  // c - a b
  select = 23,
  clamp = 24,
  reduce_sum = 30,
  reduce_min = 31,
  reduce_max = 32,
  linear = 40
};

// Number of operands of op; 0 when there is no such operation.
int arity(Op op);

inline bool is_reduction(Op op) { return op >= Op::reduce_sum && op <= Op::reduce_max; }

// Writing a value may spill up to the next multiple of this many cells.
constexpr std::int64_t kSpill = 8;
constexpr std::int64_t round_up(std::int64_t cells) { return (cells + kSpill - 1) / kSpill * kSpill; }

struct Operand {
  std::int64_t offset = 0;
  std::int64_t stride = 0;
  std::int64_t step = 1;
  bool constant = false;
};

struct Instruction {
  Op op = Op::copy;
  std::int64_t size = 0;
  std::int64_t offset = 0;
  std::int64_t stride = 0;
  std::int64_t extent = 0;
  std::int64_t weights = 0;
  std::int64_t weights_stride = 0;
  std::array<Operand, 3> operands;
};

struct Loop {
  std::int64_t count = 0;
  std::vector<Instruction> body;
};

struct Program {
  std::int64_t n_in = 0;
  std::int64_t n_out = 0;
  std::int64_t cells = 0;
  Operand output;
  std::vector<double> constants;
  std::vector<double> weights;
  std::vector<Loop> loops;
};

// Where the program stands in a model file.
constexpr const char *kProgramEntry = "/extra/landslide_tile.bin";

// Read the bytes of the entry and check all of it: whatever passes can run without a further look. Time and memory are
// bounded whatever the bytes are. Throws Error (FILE) that names the entry and the reason.
Program read_program(Span entry);

// Throws Error (FILE) when the program would read or write outside its arena, its constants or its weights, read a
// cell that nothing has written, or depend on the order in which the cells of one instruction are worked.
void check_program(const Program &program);

}  // namespace landslide::tile

#endif
