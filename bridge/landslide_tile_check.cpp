// What a tile program must satisfy before an engine runs it without a further look.
#include <algorithm>
#include <cstring>
#include <string>

#include "landslide_error.hpp"
#include "landslide_tile_program.hpp"

namespace landslide::tile {
namespace {

constexpr std::int64_t kMaxCells = std::int64_t{1} << 20;
constexpr std::int64_t kMaxWork = std::int64_t{1} << 27;  // cells written, times inputs in linear layers

[[noreturn]] void refuse(const std::string &what, const std::string &why) {
  throw Error(LANDSLIDE_ERROR_FILE,
              std::string("entry ") + kProgramEntry + ": " + what + " " + why + "; export the model again");
}

// Cells first, first + step, ...
struct Range {
  std::int64_t first, n, step;
  std::int64_t low() const { return std::min(first, first + (n - 1) * step); }
  std::int64_t high() const { return std::max(first, first + (n - 1) * step); }
};

Range cells_of(const Operand &operand, std::int64_t n, std::int64_t iteration) {
  return {operand.offset + iteration * operand.stride, n, operand.step};
}

// Cells that an instruction takes from each of its operands.
std::int64_t n_read(const Instruction &instruction) {
  return instruction.op == Op::linear ? instruction.extent : instruction.size;
}

class Checker {
 public:
  explicit Checker(const Program &program)
      : program_(program), written_(static_cast<std::size_t>(program.cells), char{0}) {
    std::fill_n(written_.begin(), program.n_in, char{1});
  }

  void check() {
    std::int64_t work = 0;
    int number = 0;
    for (const Loop &loop : program_.loops) {
      const int first = number;
      if (loop.count < 1) refuse("a loop", "runs " + std::to_string(loop.count) + " times");
      for (const Instruction &instruction : loop.body) {
        name(++number, instruction);
        check_sizes(loop, instruction, work);
        check_addresses(loop, instruction);
      }
      for (std::int64_t i = 0; i < loop.count; ++i) {
        number = first;
        for (const Instruction &instruction : loop.body) {
          number_ = ++number, instruction_ = &instruction;
          simulate(instruction, i);
        }
      }
    }
    instruction_ = nullptr;
    check_range(program_.output, program_.n_out, 1);
    if (!program_.output.constant) check_written(cells_of(program_.output, program_.n_out, 0));
  }

 private:
  void name(int number, const Instruction &instruction) { number_ = number, instruction_ = &instruction; }

  [[noreturn]] void fail(const std::string &why) const {
    if (instruction_ == nullptr) refuse("the output", why);
    refuse("instruction " + std::to_string(number_) + " (operation " +
               std::to_string(static_cast<int>(instruction_->op)) + ")",
           why);
  }

  void check_sizes(const Loop &loop, const Instruction &instruction, std::int64_t &work) const {
    if (arity(instruction.op) == 0) fail("is unknown");
    if (instruction.size < 1) fail("has size " + std::to_string(instruction.size));
    const bool linear = instruction.op == Op::linear;
    if (linear && instruction.extent < 1) fail("has extent " + std::to_string(instruction.extent));
    // One after the other, so that nothing overflows: all three are below 2^31.
    work += std::min(kMaxWork, loop.count * instruction.size) * (linear ? instruction.extent : 1);
    if (loop.count * instruction.size > kMaxWork || work > kMaxWork) fail("brings the program to more work than 2^27");
  }

  void check_addresses(const Loop &loop, const Instruction &instruction) const {
    const bool any_step = instruction.op == Op::copy || is_reduction(instruction.op);
    for (int k = 0; k < arity(instruction.op); ++k) {
      const Operand &operand = instruction.operands[static_cast<std::size_t>(k)];
      if (!any_step && operand.step != 0 && operand.step != 1) fail("has a step of " + std::to_string(operand.step));
      check_range(operand, n_read(instruction), loop.count);
    }
    const std::int64_t spilled = is_reduction(instruction.op) ? 1 : round_up(instruction.size);
    const Operand destination{instruction.offset, instruction.stride, 1, false};
    check_limits(destination, spilled, loop.count, program_.cells, "writes", "arena");
    if (instruction.op != Op::linear) return;
    const Operand weights{instruction.weights, instruction.weights_stride, 1, false};
    const std::int64_t block = (1 + instruction.extent) * round_up(instruction.size);
    check_limits(weights, block, loop.count, static_cast<std::int64_t>(program_.weights.size()), "takes", "weights");
  }

  void check_range(const Operand &operand, std::int64_t n, std::int64_t count) const {
    const auto n_constants = static_cast<std::int64_t>(program_.constants.size());
    if (operand.constant) {
      check_limits(operand, n, count, n_constants, "reads", "constants");
    } else {
      check_limits(operand, n, count, program_.cells, "reads", "arena");
    }
  }

  // All of offset + i stride + j step.
  void check_limits(const Operand &operand, std::int64_t n, std::int64_t count, std::int64_t limit, const char *verb,
                    const char *where) const {
    const Range first = cells_of(operand, n, 0), last = cells_of(operand, n, count - 1);
    const std::int64_t low = std::min(first.low(), last.low()), high = std::max(first.high(), last.high());
    if (low >= 0 && high < limit) return;
    fail(std::string(verb) + " " + std::to_string(low) + " to " + std::to_string(high) + " of " +
         std::to_string(limit) + " " + where);
  }

  // One iteration: what it reads must have been written, or results would depend on what an earlier tile left behind.
  // What it spills over is no longer anything.
  void simulate(const Instruction &instruction, std::int64_t iteration) {
    const Range to{instruction.offset + iteration * instruction.stride, instruction.size, 1};
    for (int k = 0; k < arity(instruction.op); ++k) {
      const Operand &operand = instruction.operands[static_cast<std::size_t>(k)];
      if (operand.constant) continue;
      const Range from = cells_of(operand, n_read(instruction), iteration);
      check_written(from);
      check_overlap(instruction, from, to);
    }
    if (is_reduction(instruction.op)) {
      written_[static_cast<std::size_t>(to.first)] = 1;
      return;
    }
    const auto at = written_.begin() + to.first;
    std::fill(at, at + to.n, char{1});
    std::fill(at + to.n, at + round_up(to.n), char{0});
  }

  void check_written(const Range &range) const {
    const char *cells = written_.data();
    const void *missing = nullptr;
    if (range.step == 1) {
      missing = std::memchr(cells + range.first, 0, static_cast<std::size_t>(range.n));
    } else {
      const std::int64_t n = range.step == 0 ? 1 : range.n;
      for (std::int64_t j = 0; j < n && missing == nullptr; ++j) {
        const char *cell = cells + range.first + j * range.step;
        if (*cell == 0) missing = cell;
      }
    }
    if (missing == nullptr) return;
    fail("reads cell " + std::to_string(static_cast<const char *>(missing) - cells) + ", which nothing has written");
  }

  // An operand may be the destination itself, cell by cell. Any other overlap would give different results with 8
  // cells at a time and with one at a time.
  void check_overlap(const Instruction &instruction, const Range &from, const Range &to) const {
    if (is_reduction(instruction.op) || from.high() < to.low() || from.low() > to.high()) return;
    const bool same = from.first == to.first && (from.step == 1 || to.n == 1);
    if (same && instruction.op != Op::linear) return;
    fail("reads cells that it writes, out of step");
  }

  const Program &program_;
  std::vector<char> written_;
  const Instruction *instruction_ = nullptr;
  int number_ = 0;
};

}  // namespace

void check_program(const Program &program) {
  if (program.cells < program.n_in || program.cells > kMaxCells) {
    refuse("the arena", "has " + std::to_string(program.cells) + " cells, not " + std::to_string(program.n_in) +
                            " to " + std::to_string(kMaxCells));
  }
  Checker(program).check();
}

}  // namespace landslide::tile
