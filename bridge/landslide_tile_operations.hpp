// Every operation of a tile program, in both layouts. Included once per instruction set, after its Block and the
// mathematics on it: no include guard.
//
// In columns a block is one cell of 8 columns. In features it is 8 cells of one column; what lies beyond `size` in the
// last block is computed too and spills, which the program allows for.

namespace landslide::tile {
namespace {  // NOLINT(misc-anonymous-namespace-in-header): a copy for each instruction set is wanted

// torch's: NaN where either is. The second where they are equal.
LANDSLIDE_INLINE Block minimum(Block a, Block b) { return choose(equal(a, a), lesser(a, b), a); }
LANDSLIDE_INLINE Block maximum(Block a, Block b) { return choose(equal(a, a), greater(a, b), a); }
LANDSLIDE_INLINE double minimum(double a, double b) { return a == a ? (a < b ? a : b) : a; }
LANDSLIDE_INLINE double maximum(double a, double b) { return a == a ? (a > b ? a : b) : a; }
LANDSLIDE_INLINE double add(double a, double b) { return a + b; }
LANDSLIDE_INLINE Block truth(Mask m) { return choose(m, splat(1.0), splat(0.0)); }

#define LANDSLIDE_OPERATION(name, n, value)                             \
  struct name {                                                         \
    static constexpr int arity = n;                                     \
    static LANDSLIDE_INLINE Block of(Block a, Block b, Block c) {       \
      static_cast<void>(a), static_cast<void>(b), static_cast<void>(c); \
      return value;                                                     \
    }                                                                   \
  };
LANDSLIDE_OPERATION(Neg, 1, bits_flip(a, kSign))
LANDSLIDE_OPERATION(Abs, 1, bits_and(a, ~kSign))
LANDSLIDE_OPERATION(Sqrt, 1, sqrt(a))
LANDSLIDE_OPERATION(Exp, 1, exp(a))
LANDSLIDE_OPERATION(Log, 1, log(a))
LANDSLIDE_OPERATION(Tan, 1, tan(a))
LANDSLIDE_OPERATION(Sigmoid, 1, sigmoid(a))
LANDSLIDE_OPERATION(Add, 2, add(a, b))
LANDSLIDE_OPERATION(Sub, 2, sub(a, b))
LANDSLIDE_OPERATION(Mul, 2, mul(a, b))
LANDSLIDE_OPERATION(Div, 2, div(a, b))
LANDSLIDE_OPERATION(Min, 2, minimum(a, b))
LANDSLIDE_OPERATION(Max, 2, maximum(a, b))
LANDSLIDE_OPERATION(Lt, 2, truth(less(a, b)))
LANDSLIDE_OPERATION(Le, 2, truth(less_equal(a, b)))
LANDSLIDE_OPERATION(Eq, 2, truth(equal(a, b)))
LANDSLIDE_OPERATION(Fma, 3, fma(a, b, c))
LANDSLIDE_OPERATION(Fms, 3, fms(a, b, c))
LANDSLIDE_OPERATION(Fnma, 3, fnma(a, b, c))
LANDSLIDE_OPERATION(Select, 3, choose(equal(a, splat(0.0)), c, b))
LANDSLIDE_OPERATION(Clamp, 3, minimum(maximum(a, b), c))
#undef LANDSLIDE_OPERATION

LANDSLIDE_INLINE const double *address(const Source &source, const Memory &memory, std::int64_t iteration) {
  return memory.bases[source.base] + source.offset + iteration * source.stride;
}

LANDSLIDE_INLINE double *destination(const Step &step, const Memory &memory, std::int64_t iteration) {
  return memory.arena + step.offset + iteration * step.stride;
}

LANDSLIDE_INLINE std::int64_t blocks(std::int64_t size) { return (size + kLanes - 1) / kLanes; }

template <class Operation, Layout layout>
void elementwise(const Step &step, const Memory &memory, std::int64_t iteration) {
  constexpr int arity = Operation::arity;
  double *to = destination(step, memory, iteration);
  const double *from[3];
  std::int64_t advance[3];
  alignas(64) double splatted[3][kLanes];
  for (int k = 0; k < arity; ++k) {
    const Source &source = step.sources[k];
    from[k] = address(source, memory, iteration);
    advance[k] = source.step;
    if (layout == Layout::features && source.step == 0) {
      store(splatted[k], splat(*from[k]));
      from[k] = splatted[k];
    } else if (layout == Layout::features) {
      advance[k] = kLanes;
    }
  }
  const std::int64_t n = layout == Layout::features ? blocks(step.size) : step.size;
  for (std::int64_t j = 0; j < n; ++j) {
    const Block a = load(from[0] + j * advance[0]);
    const Block b = arity > 1 ? load(from[1] + j * advance[1]) : a;
    const Block c = arity > 2 ? load(from[2] + j * advance[2]) : a;
    store(to + j * kLanes, Operation::of(a, b, c));
  }
}

template <Layout layout>
void copy(const Step &step, const Memory &memory, std::int64_t iteration) {
  const Source &source = step.sources[0];
  const double *from = address(source, memory, iteration);
  double *to = destination(step, memory, iteration);
  if (layout == Layout::columns) {
    for (std::int64_t j = 0; j < step.size; ++j) store(to + j * kLanes, load(from + j * source.step));
  } else if (source.step == 1) {
    for (std::int64_t j = 0; j < step.size; j += kLanes) store(to + j, load(from + j));
  } else {
    for (std::int64_t j = 0; j < step.size; ++j) to[j] = from[j * source.step];
  }
}

struct Sum {
  template <class T>
  static LANDSLIDE_INLINE T of(T a, T b) {
    return add(a, b);
  }
};
struct Least {
  template <class T>
  static LANDSLIDE_INLINE T of(T a, T b) {
    return minimum(a, b);
  }
};
struct Greatest {
  template <class T>
  static LANDSLIDE_INLINE T of(T a, T b) {
    return maximum(a, b);
  }
};

// One after the other in both layouts: the order decides the bits of a sum.
template <class Operation, Layout layout>
void reduce(const Step &step, const Memory &memory, std::int64_t iteration) {
  const std::int64_t advance = step.sources[0].step;
  const double *from = address(step.sources[0], memory, iteration);
  double *to = destination(step, memory, iteration);
  if (layout == Layout::columns) {
    Block result = load(from);
    for (std::int64_t j = 1; j < step.size; ++j) result = Operation::of(result, load(from + j * advance));
    store(to, result);
  } else {
    double result = *from;
    for (std::int64_t j = 1; j < step.size; ++j) result = Operation::of(result, from[j * advance]);
    *to = result;
  }
}

// n neighbouring accumulators, as members one by one so that all of them live in registers.
template <Layout layout, int n>
struct Accumulators {
  static constexpr std::int64_t kRow = layout == Layout::columns ? 1 : kLanes;  // weights per accumulator
  Block value;
  Accumulators<layout, n - 1> rest;

  static LANDSLIDE_INLINE Block weight(const double *weights) {
    return layout == Layout::columns ? splat(*weights) : load(weights);
  }
  LANDSLIDE_INLINE void begin(const double *bias) {
    value = weight(bias);
    rest.begin(bias + kRow);
  }
  LANDSLIDE_INLINE void multiply(const double *weights, Block x) {
    value = fma(weight(weights), x, value);
    rest.multiply(weights + kRow, x);
  }
  LANDSLIDE_INLINE void end(double *to) const {
    store(to, value);
    rest.end(to + kLanes);
  }
};

template <Layout layout>
struct Accumulators<layout, 0> {
  LANDSLIDE_INLINE void begin(const double *) {}
  LANDSLIDE_INLINE void multiply(const double *, Block) {}
  LANDSLIDE_INLINE void end(double *) const {}
};

template <Layout layout, int n>
LANDSLIDE_INLINE void linear_group(const double *x, std::int64_t advance, std::int64_t extent, const double *weights,
                                   std::int64_t row, double *to) {
  Accumulators<layout, n> sums;
  sums.begin(weights);
  for (std::int64_t k = 0; k < extent; ++k) {
    weights += row;
    sums.multiply(weights, layout == Layout::columns ? load(x) : splat(*x));
    x += advance;
  }
  sums.end(to);
}

// linear_group for 1 <= n <= most.
template <Layout layout, int most>
LANDSLIDE_INLINE void linear_groups(std::int64_t n, const double *x, std::int64_t advance, std::int64_t extent,
                                    const double *weights, std::int64_t row, double *to) {
  if constexpr (most > 1) {
    if (n < most) return linear_groups<layout, most - 1>(n, x, advance, extent, weights, row, to);
  }
  linear_group<layout, most>(x, advance, extent, weights, row, to);
}

template <Layout layout>
void linear(const Step &step, const Memory &memory, std::int64_t iteration) {
  const double *x = address(step.sources[0], memory, iteration);
  const double *weights = step.weights + iteration * step.weights_stride;
  double *to = destination(step, memory, iteration);
  const std::int64_t row = blocks(step.size) * kLanes;
  const std::int64_t n = layout == Layout::columns ? step.size : blocks(step.size);
  const std::int64_t passes = (n + kLinearGroup - 1) / kLinearGroup;
  const std::int64_t group = (n + passes - 1) / passes;  // of even sizes: few accumulators do not hide the latency
  for (std::int64_t o = 0; o < n; o += group) {
    linear_groups<layout, kLinearGroup>(o + group <= n ? group : n - o, x, step.sources[0].step, step.extent,
                                        weights + o * (layout == Layout::columns ? 1 : kLanes), row, to + o * kLanes);
  }
}

template <Layout layout>
StepFunction function_in(int op) {
  switch (op) {
    case 0: return copy<layout>;
    case 1: return elementwise<Neg, layout>;
    case 2: return elementwise<Abs, layout>;
    case 3: return elementwise<Sqrt, layout>;
    case 4: return elementwise<Exp, layout>;
    case 5: return elementwise<Log, layout>;
    case 6: return elementwise<Tan, layout>;
    case 7: return elementwise<Sigmoid, layout>;
    case 10: return elementwise<Add, layout>;
    case 11: return elementwise<Sub, layout>;
    case 12: return elementwise<Mul, layout>;
    case 13: return elementwise<Div, layout>;
    case 14: return elementwise<Min, layout>;
    case 15: return elementwise<Max, layout>;
    case 16: return elementwise<Lt, layout>;
    case 17: return elementwise<Le, layout>;
    case 18: return elementwise<Eq, layout>;
    case 20: return elementwise<Fma, layout>;
    case 21: return elementwise<Fms, layout>;
    case 22: return elementwise<Fnma, layout>;
    case 23: return elementwise<Select, layout>;
    case 24: return elementwise<Clamp, layout>;
    case 30: return reduce<Sum, layout>;
    case 31: return reduce<Least, layout>;
    case 32: return reduce<Greatest, layout>;
    case 40: return linear<layout>;
    default: return nullptr;
  }
}

StepFunction function_of(int op, Layout layout) {
  return layout == Layout::columns ? function_in<Layout::columns>(op) : function_in<Layout::features>(op);
}

void execute(const Stretch *stretches, std::int64_t n, const Memory &memory) {
  for (const Stretch *stretch = stretches; stretch != stretches + n; ++stretch) {
    const Step *end = stretch->steps + stretch->length;
    for (std::int64_t i = 0; i < stretch->count; ++i) {
      for (const Step *step = stretch->steps; step != end; ++step) step->function(*step, memory, i);
    }
  }
  leave();
}

void load_columns(Layout layout, const double *x, std::int64_t n, std::int64_t column, std::int64_t ncol,
                  std::int64_t n_in, double *arena) {
  const Block infinity = splat(kInfinity), missing = splat(kMissing);
  for (std::int64_t k = 0; k < n_in; ++k) {
    const double *from = x + k * ncol + column;
    Block value = splat(from[n - 1]);
    if (n == kLanes) {
      value = load(from);
    } else if (n > 1) {
      alignas(64) double lanes[kLanes];
      store(lanes, value);
      for (std::int64_t i = 0; i < n; ++i) lanes[i] = from[i];
      value = load(lanes);
    }
    value = choose(less(bits_and(value, ~kSign), infinity), value, missing);
    store(layout == Layout::columns ? arena + k * kLanes : arena + k, value);
  }
  leave();
}

}  // namespace
}  // namespace landslide::tile
