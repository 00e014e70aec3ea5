// The operations in plain C++, for every processor. Where it has no fused multiply-add, the library's rounds once all
// the same.
#include <cstdint>
#include <cstring>

#include "landslide_tile_arithmetic.hpp"
#include "landslide_tile_step.hpp"

namespace landslide::tile {
namespace {

struct Block {
  double v[8];
};

struct Mask {
  std::uint64_t m[8];  // all bits or none
};

struct Bits {
  std::uint64_t u[8];
};

constexpr int kLinearGroup = 2;

LANDSLIDE_INLINE Bits bits(Block a) {
  Bits r;
  std::memcpy(&r, &a, sizeof r);
  return r;
}
LANDSLIDE_INLINE Block block(Bits a) {
  Block r;
  std::memcpy(&r, &a, sizeof r);
  return r;
}

#define LANDSLIDE_LANES(type, lanes, value)           \
  {                                                   \
    type r;                                           \
    for (int i = 0; i < 8; ++i) r.lanes[i] = (value); \
    return r;                                         \
  }

LANDSLIDE_INLINE Block load(const double *p) LANDSLIDE_LANES(Block, v, p[i])
LANDSLIDE_INLINE void store(double *p, Block a) { std::memcpy(p, &a, sizeof a); }
LANDSLIDE_INLINE Block splat(double a) LANDSLIDE_LANES(Block, v, a)

LANDSLIDE_INLINE Block add(Block a, Block b) LANDSLIDE_LANES(Block, v, a.v[i] + b.v[i])
LANDSLIDE_INLINE Block sub(Block a, Block b) LANDSLIDE_LANES(Block, v, a.v[i] - b.v[i])
LANDSLIDE_INLINE Block mul(Block a, Block b) LANDSLIDE_LANES(Block, v, a.v[i] * b.v[i])
LANDSLIDE_INLINE Block div(Block a, Block b) LANDSLIDE_LANES(Block, v, a.v[i] / b.v[i])
LANDSLIDE_INLINE Block sqrt(Block a) LANDSLIDE_LANES(Block, v, __builtin_sqrt(a.v[i]))
LANDSLIDE_INLINE Block fma(Block a, Block b, Block c) LANDSLIDE_LANES(Block, v, __builtin_fma(a.v[i], b.v[i], c.v[i]))
LANDSLIDE_INLINE Block fms(Block a, Block b, Block c) LANDSLIDE_LANES(Block, v, __builtin_fma(a.v[i], b.v[i], -c.v[i]))
LANDSLIDE_INLINE Block fnma(Block a, Block b, Block c) LANDSLIDE_LANES(Block, v, __builtin_fma(-a.v[i], b.v[i], c.v[i]))

LANDSLIDE_INLINE Mask less(Block a, Block b) LANDSLIDE_LANES(Mask, m, a.v[i] < b.v[i] ? ~std::uint64_t{0} : 0)
LANDSLIDE_INLINE Mask less_equal(Block a, Block b) LANDSLIDE_LANES(Mask, m, a.v[i] <= b.v[i] ? ~std::uint64_t{0} : 0)
LANDSLIDE_INLINE Mask equal(Block a, Block b) LANDSLIDE_LANES(Mask, m, a.v[i] == b.v[i] ? ~std::uint64_t{0} : 0)
LANDSLIDE_INLINE Block choose(Mask m, Block yes, Block no) {
  const Bits y = bits(yes), n = bits(no);
  Bits r;
  for (int i = 0; i < 8; ++i) r.u[i] = (m.m[i] & y.u[i]) | (~m.m[i] & n.u[i]);
  return block(r);
}
// b where one of them is NaN.
LANDSLIDE_INLINE Block lesser(Block a, Block b) LANDSLIDE_LANES(Block, v, a.v[i] < b.v[i] ? a.v[i] : b.v[i])
LANDSLIDE_INLINE Block greater(Block a, Block b) LANDSLIDE_LANES(Block, v, a.v[i] > b.v[i] ? a.v[i] : b.v[i])

LANDSLIDE_INLINE Block bits_and(Block a, long long b) {
  Bits r = bits(a);
  for (int i = 0; i < 8; ++i) r.u[i] &= static_cast<std::uint64_t>(b);
  return block(r);
}
LANDSLIDE_INLINE Block bits_or(Block a, long long b) {
  Bits r = bits(a);
  for (int i = 0; i < 8; ++i) r.u[i] |= static_cast<std::uint64_t>(b);
  return block(r);
}
LANDSLIDE_INLINE Block bits_flip(Block a, long long b) {
  Bits r = bits(a);
  for (int i = 0; i < 8; ++i) r.u[i] ^= static_cast<std::uint64_t>(b);
  return block(r);
}
LANDSLIDE_INLINE Block bits_add(Block a, long long b) {
  Bits r = bits(a);
  for (int i = 0; i < 8; ++i) r.u[i] += static_cast<std::uint64_t>(b);
  return block(r);
}
LANDSLIDE_INLINE Block bits_left_52(Block a) {
  Bits r = bits(a);
  for (int i = 0; i < 8; ++i) r.u[i] <<= 52;
  return block(r);
}
LANDSLIDE_INLINE Block bits_right_52(Block a) {
  Bits r = bits(a);
  for (int i = 0; i < 8; ++i) r.u[i] >>= 52;
  return block(r);
}

#undef LANDSLIDE_LANES

LANDSLIDE_INLINE void leave() {}

}  // namespace
}  // namespace landslide::tile

#include "landslide_tile_math.hpp"
#include "landslide_tile_operations.hpp"

namespace landslide::tile {

const InstructionSet kBaseline = {"baseline", function_of, execute, load_columns};

}  // namespace landslide::tile
