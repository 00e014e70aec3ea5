// The operations on AVX2 with FMA: a Block is a pair of registers.
#include "landslide_tile_arithmetic.hpp"
#include "landslide_tile_step.hpp"

#if defined(__x86_64__)
#include <immintrin.h>

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,fma")
#endif

namespace landslide::tile {
namespace {

struct Block {
  __m256d v, w;
};

struct Mask {
  __m256d m, n;
};

constexpr int kLinearGroup = 6;  // accumulators of a linear layer, two registers each, that fit 16 registers

LANDSLIDE_INLINE __m256i bits(__m256d a) { return _mm256_castpd_si256(a); }
LANDSLIDE_INLINE __m256i words(long long a) { return _mm256_set1_epi64x(a); }
LANDSLIDE_INLINE Block block(__m256i a, __m256i b) { return {_mm256_castsi256_pd(a), _mm256_castsi256_pd(b)}; }

LANDSLIDE_INLINE Block load(const double *p) { return {_mm256_loadu_pd(p), _mm256_loadu_pd(p + 4)}; }
LANDSLIDE_INLINE void store(double *p, Block a) {
  _mm256_storeu_pd(p, a.v);
  _mm256_storeu_pd(p + 4, a.w);
}
LANDSLIDE_INLINE Block splat(double a) { return {_mm256_set1_pd(a), _mm256_set1_pd(a)}; }

LANDSLIDE_INLINE Block add(Block a, Block b) { return {_mm256_add_pd(a.v, b.v), _mm256_add_pd(a.w, b.w)}; }
LANDSLIDE_INLINE Block sub(Block a, Block b) { return {_mm256_sub_pd(a.v, b.v), _mm256_sub_pd(a.w, b.w)}; }
LANDSLIDE_INLINE Block mul(Block a, Block b) { return {_mm256_mul_pd(a.v, b.v), _mm256_mul_pd(a.w, b.w)}; }
LANDSLIDE_INLINE Block div(Block a, Block b) { return {_mm256_div_pd(a.v, b.v), _mm256_div_pd(a.w, b.w)}; }
LANDSLIDE_INLINE Block sqrt(Block a) { return {_mm256_sqrt_pd(a.v), _mm256_sqrt_pd(a.w)}; }
LANDSLIDE_INLINE Block fma(Block a, Block b, Block c) {
  return {_mm256_fmadd_pd(a.v, b.v, c.v), _mm256_fmadd_pd(a.w, b.w, c.w)};
}
LANDSLIDE_INLINE Block fms(Block a, Block b, Block c) {
  return {_mm256_fmsub_pd(a.v, b.v, c.v), _mm256_fmsub_pd(a.w, b.w, c.w)};
}
LANDSLIDE_INLINE Block fnma(Block a, Block b, Block c) {
  return {_mm256_fnmadd_pd(a.v, b.v, c.v), _mm256_fnmadd_pd(a.w, b.w, c.w)};
}

LANDSLIDE_INLINE Mask less(Block a, Block b) {
  return {_mm256_cmp_pd(a.v, b.v, _CMP_LT_OQ), _mm256_cmp_pd(a.w, b.w, _CMP_LT_OQ)};
}
LANDSLIDE_INLINE Mask less_equal(Block a, Block b) {
  return {_mm256_cmp_pd(a.v, b.v, _CMP_LE_OQ), _mm256_cmp_pd(a.w, b.w, _CMP_LE_OQ)};
}
LANDSLIDE_INLINE Mask equal(Block a, Block b) {
  return {_mm256_cmp_pd(a.v, b.v, _CMP_EQ_OQ), _mm256_cmp_pd(a.w, b.w, _CMP_EQ_OQ)};
}
LANDSLIDE_INLINE Block choose(Mask m, Block yes, Block no) {
  return {_mm256_blendv_pd(no.v, yes.v, m.m), _mm256_blendv_pd(no.w, yes.w, m.n)};
}
// a < b ? a : b and a > b ? a : b, hence b where one of them is NaN.
LANDSLIDE_INLINE Block lesser(Block a, Block b) { return {_mm256_min_pd(a.v, b.v), _mm256_min_pd(a.w, b.w)}; }
LANDSLIDE_INLINE Block greater(Block a, Block b) { return {_mm256_max_pd(a.v, b.v), _mm256_max_pd(a.w, b.w)}; }

LANDSLIDE_INLINE Block bits_and(Block a, long long b) {
  return block(_mm256_and_si256(bits(a.v), words(b)), _mm256_and_si256(bits(a.w), words(b)));
}
LANDSLIDE_INLINE Block bits_or(Block a, long long b) {
  return block(_mm256_or_si256(bits(a.v), words(b)), _mm256_or_si256(bits(a.w), words(b)));
}
LANDSLIDE_INLINE Block bits_flip(Block a, long long b) {
  return block(_mm256_xor_si256(bits(a.v), words(b)), _mm256_xor_si256(bits(a.w), words(b)));
}
LANDSLIDE_INLINE Block bits_add(Block a, long long b) {
  return block(_mm256_add_epi64(bits(a.v), words(b)), _mm256_add_epi64(bits(a.w), words(b)));
}
LANDSLIDE_INLINE Block bits_left_52(Block a) {
  return block(_mm256_slli_epi64(bits(a.v), 52), _mm256_slli_epi64(bits(a.w), 52));
}
LANDSLIDE_INLINE Block bits_right_52(Block a) {
  return block(_mm256_srli_epi64(bits(a.v), 52), _mm256_srli_epi64(bits(a.w), 52));
}

LANDSLIDE_INLINE void leave() { _mm256_zeroupper(); }  // what follows may be SSE code, slow beside dirty registers

}  // namespace
}  // namespace landslide::tile

#include "landslide_tile_math.hpp"
#include "landslide_tile_operations.hpp"

namespace landslide::tile {

const InstructionSet kAvx2 = {"avx2", function_of, execute, load_columns};

}  // namespace landslide::tile

#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif
#endif
