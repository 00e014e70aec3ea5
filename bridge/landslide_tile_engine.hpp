// The tile engine: runs a tile program over tiles of columns, 8 at a time or one alone.
//
// A column's results have the same bits whatever the batch, its position in it, the threads and the instruction set:
// all arithmetic is IEEE's, lane by lane, and a multiply-add is fused only where the program or an operation says so.
// The operations stand on a Block of 8 doubles of our own instead of a SIMD library: E3SM compiles these files from
// SourceMods, one flat directory with no place for a header library. And three types with some twenty functions are
// all that is needed, with the same fused multiply-adds, minima and NaN in each.
//
// To time a program (bench):
//   tile::Program program = tile::read_program(entry);            // or tile::only(program, tile::Op::linear)
//   const tile::Engine engine(program, "auto");
//   tile::Engine::Scratch scratch(engine);                        // zeros
//   engine.execute(tile::Layout::columns, scratch);               // 8 columns; Layout::features: one column
//   engine.instruction_set();                                     // "avx512"
#ifndef LANDSLIDE_TILE_ENGINE_HPP
#define LANDSLIDE_TILE_ENGINE_HPP

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "landslide_engine.hpp"
#include "landslide_tile_program.hpp"
#include "landslide_tile_step.hpp"

namespace landslide::tile {

class Engine : public landslide::Engine {
 public:
  // instruction_set: auto (the best the processor has), baseline, avx2 or avx512.
  // Throws Error: ARGUMENT for any other, ENGINE when the processor lacks what it needs.
  Engine(const Program &program, const std::string &instruction_set);
  ~Engine() override;
  Engine(const Engine &) = delete;
  Engine &operator=(const Engine &) = delete;

  // As landslide::Engine::run; allocates nothing once as many calls as ever run at a time have run.
  void run(int ncol, const double *x, double *y, int *flag) const override;
  const char *instruction_set() const override { return set_->name; }

  // The arena of one thread.
  class Scratch {
   public:
    explicit Scratch(const Engine &engine);

   private:
    friend class Engine;
    struct Free {
      void operator()(double *arena) const;
    };
    std::unique_ptr<double, Free> arena_;
    std::unique_ptr<Scratch> next_;  // in the list of those at rest
  };

  // Run the program on what the arena holds, without loading or storing a column.
  void execute(Layout layout, Scratch &scratch) const;

 private:
  // The program for one layout: addresses resolved, functions looked up.
  struct Plan {
    std::vector<Step> steps;
    std::vector<Stretch> stretches;
    std::vector<double> constants;
    Source output;
  };
  class Borrowed;

  Plan plan(const Program &program, Layout layout) const;
  void store(Layout layout, const Scratch &scratch, std::int64_t n, std::int64_t column, std::int64_t ncol, double *y,
             int *flag) const;

  const InstructionSet *set_;
  std::int64_t n_in_, n_out_, cells_;
  std::vector<double> weights_;
  Plan columns_, features_;
  mutable std::mutex mutex_;
  mutable std::unique_ptr<Scratch> idle_;
};

// The program's instructions of one kind and nothing else, to time them. It is for execute alone.
Program only(const Program &program, Op op);

}  // namespace landslide::tile

#endif
