#include "landslide_tile_engine.hpp"

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

#include "landslide_error.hpp"
#include "landslide_fields.h"

namespace landslide::tile {
namespace {

// Up to this many columns of a remainder run alone; a tile that is mostly repeats costs more.
constexpr std::int64_t kMostAlone = 2;

struct Choice {
  const InstructionSet *set;
  const char *lacks;  // what the processor lacks, null when nothing
};

// Best first.
std::vector<Choice> choices() {
  std::vector<Choice> all;
#if defined(__x86_64__)
  __builtin_cpu_init();
  const bool fma = __builtin_cpu_supports("fma") && __builtin_cpu_supports("avx2");
  all.push_back({&kAvx512, __builtin_cpu_supports("avx512f") && fma ? nullptr : "AVX-512F"});
  all.push_back({&kAvx2, fma ? nullptr : "AVX2 or FMA"});
#endif
  all.push_back({&kBaseline, nullptr});
  return all;
}

const InstructionSet *choose(const std::string &name) {
  for (const Choice &choice : choices()) {
    if (name == "auto" && choice.lacks == nullptr) return choice.set;
    if (name != choice.set->name) continue;
    if (choice.lacks == nullptr) return choice.set;
    throw Error(LANDSLIDE_ERROR_ENGINE, "instruction set " + name + " is not possible: the processor lacks " +
                                            choice.lacks + "; use instruction_set=auto");
  }
  throw Error(LANDSLIDE_ERROR_ENGINE,
              "instruction set " + name + " is not built for this processor; use instruction_set=auto");
}

std::int64_t doubles_per_cell(Layout layout) { return layout == Layout::columns ? kLanes : 1; }

Source source_of(const Operand &operand, Layout layout) {
  const std::int64_t unit = doubles_per_cell(layout);
  return {operand.constant ? 1 : 0, operand.offset * unit, operand.stride * unit, operand.step * unit};
}

int flag_of(double value) {
  const bool known = value >= LANDSLIDE_FLAG_OK && value <= LANDSLIDE_FLAG_INVALID;  // false for NaN
  return known ? static_cast<int>(value) : -1;
}

}  // namespace

Engine::Engine(const Program &program, const std::string &instruction_set)
    : set_(choose(instruction_set)),
      n_in_(program.n_in),
      n_out_(program.n_out),
      cells_(program.cells),
      weights_(program.weights),
      columns_(plan(program, Layout::columns)),
      features_(plan(program, Layout::features)) {}

Engine::~Engine() {
  while (idle_) idle_ = std::move(idle_->next_);  // one by one: no recursion
}

Engine::Plan Engine::plan(const Program &program, Layout layout) const {
  const std::int64_t unit = doubles_per_cell(layout);
  Plan plan;
  for (const Loop &loop : program.loops) {
    for (const Instruction &instruction : loop.body) {
      Step step{set_->function_of(static_cast<int>(instruction.op), layout),
                instruction.size,
                instruction.offset * unit,
                instruction.stride * unit,
                {},
                instruction.extent,
                weights_.data() + instruction.weights,
                instruction.weights_stride};
      for (std::size_t k = 0; k < 3; ++k) step.sources[k] = source_of(instruction.operands[k], layout);
      plan.steps.push_back(step);
    }
  }
  const Step *next = plan.steps.data();
  for (const Loop &loop : program.loops) {
    const auto length = static_cast<std::int64_t>(loop.body.size());
    plan.stretches.push_back({loop.count, next, length});
    next += length;
  }
  for (const double value : program.constants) {
    plan.constants.insert(plan.constants.end(), static_cast<std::size_t>(unit), value);
  }
  plan.constants.resize(plan.constants.size() + kLanes);  // the last block of a value may reach beyond it
  plan.output = source_of(program.output, layout);
  return plan;
}

void Engine::Scratch::Free::operator()(double *arena) const { ::operator delete(arena, std::align_val_t{64}); }

Engine::Scratch::Scratch(const Engine &engine) {
  const auto n = static_cast<std::size_t>((engine.cells_ + 1) * kLanes);  // features reads a block beyond the last cell
  arena_.reset(static_cast<double *>(::operator new(n * sizeof(double), std::align_val_t{64})));
  std::fill_n(arena_.get(), n, 0.0);
}

// One of the idle arenas, or a new one: as many live as calls ran at a time.
class Engine::Borrowed {
 public:
  explicit Borrowed(const Engine &engine) : engine_(engine) {
    {
      const std::scoped_lock lock(engine_.mutex_);
      if (engine_.idle_) {
        scratch_ = std::move(engine_.idle_);
        engine_.idle_ = std::move(scratch_->next_);
      }
    }
    if (!scratch_) scratch_ = std::make_unique<Scratch>(engine_);
  }
  ~Borrowed() {
    const std::scoped_lock lock(engine_.mutex_);
    scratch_->next_ = std::move(engine_.idle_);
    engine_.idle_ = std::move(scratch_);
  }
  Borrowed(const Borrowed &) = delete;
  Borrowed &operator=(const Borrowed &) = delete;

  Scratch &get() { return *scratch_; }

 private:
  const Engine &engine_;
  std::unique_ptr<Scratch> scratch_;
};

void Engine::execute(Layout layout, Scratch &scratch) const {
  const Plan &plan = layout == Layout::columns ? columns_ : features_;
  double *arena = scratch.arena_.get();
  set_->execute(plan.stretches.data(), static_cast<std::int64_t>(plan.stretches.size()),
                {arena, {arena, plan.constants.data()}});
}

void Engine::store(Layout layout, const Scratch &scratch, std::int64_t n, std::int64_t column, std::int64_t ncol,
                   double *y, int *flag) const {
  const Plan &plan = layout == Layout::columns ? columns_ : features_;
  const double *from = (plan.output.base == 0 ? scratch.arena_.get() : plan.constants.data()) + plan.output.offset;
  for (std::int64_t k = 0; k + 1 < n_out_; ++k, from += plan.output.step) {
    std::memcpy(y + column + k * ncol, from, static_cast<std::size_t>(n) * sizeof(double));
  }
  std::transform(from, from + n, flag + column, flag_of);
}

void Engine::run(int ncol, const double *x, double *y, int *flag) const {
  Borrowed borrowed(*this);
  Scratch &scratch = borrowed.get();
  for (std::int64_t column = 0; column < ncol;) {
    const std::int64_t left = ncol - column;
    const Layout layout = left <= kMostAlone ? Layout::features : Layout::columns;
    const std::int64_t n = layout == Layout::features ? 1 : std::min(left, kLanes);
    set_->load(layout, x, n, column, ncol, n_in_, scratch.arena_.get());
    execute(layout, scratch);
    store(layout, scratch, n, column, ncol, y, flag);
    column += n;
  }
}

Program only(const Program &program, Op op) {
  Program part = program;
  for (Loop &loop : part.loops) {
    const auto other = [op](const Instruction &instruction) { return instruction.op != op; };
    loop.body.erase(std::remove_if(loop.body.begin(), loop.body.end(), other), loop.body.end());
  }
  return part;
}

}  // namespace landslide::tile
