// The operations on AVX-512 (its foundation, F, is all they need).
#include "landslide_tile_arithmetic.hpp"
#include "landslide_tile_step.hpp"

#if defined(__x86_64__)
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"  // GCC 12 sees one in its own _mm512_undefined_pd
#endif
#include <immintrin.h>

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx512f,avx2,fma"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx512f,avx2,fma")
#endif

namespace landslide::tile {
namespace {

struct Block {
  __m512d v;
};

struct Mask {
  __mmask8 m;
};

constexpr int kLinearGroup = 12;  // accumulators of a linear layer that fit the 32 registers, and hide their latency

LANDSLIDE_INLINE __m512i bits(Block a) { return _mm512_castpd_si512(a.v); }
LANDSLIDE_INLINE Block block(__m512i a) { return {_mm512_castsi512_pd(a)}; }

LANDSLIDE_INLINE Block load(const double *p) { return {_mm512_loadu_pd(p)}; }
LANDSLIDE_INLINE void store(double *p, Block a) { _mm512_storeu_pd(p, a.v); }
LANDSLIDE_INLINE Block splat(double a) { return {_mm512_set1_pd(a)}; }

LANDSLIDE_INLINE Block add(Block a, Block b) { return {_mm512_add_pd(a.v, b.v)}; }
LANDSLIDE_INLINE Block sub(Block a, Block b) { return {_mm512_sub_pd(a.v, b.v)}; }
LANDSLIDE_INLINE Block mul(Block a, Block b) { return {_mm512_mul_pd(a.v, b.v)}; }
LANDSLIDE_INLINE Block div(Block a, Block b) { return {_mm512_div_pd(a.v, b.v)}; }
LANDSLIDE_INLINE Block sqrt(Block a) { return {_mm512_sqrt_pd(a.v)}; }
LANDSLIDE_INLINE Block fma(Block a, Block b, Block c) { return {_mm512_fmadd_pd(a.v, b.v, c.v)}; }
LANDSLIDE_INLINE Block fms(Block a, Block b, Block c) { return {_mm512_fmsub_pd(a.v, b.v, c.v)}; }
LANDSLIDE_INLINE Block fnma(Block a, Block b, Block c) { return {_mm512_fnmadd_pd(a.v, b.v, c.v)}; }

LANDSLIDE_INLINE Mask less(Block a, Block b) { return {_mm512_cmp_pd_mask(a.v, b.v, _CMP_LT_OQ)}; }
LANDSLIDE_INLINE Mask less_equal(Block a, Block b) { return {_mm512_cmp_pd_mask(a.v, b.v, _CMP_LE_OQ)}; }
LANDSLIDE_INLINE Mask equal(Block a, Block b) { return {_mm512_cmp_pd_mask(a.v, b.v, _CMP_EQ_OQ)}; }
LANDSLIDE_INLINE Block choose(Mask m, Block yes, Block no) { return {_mm512_mask_blend_pd(m.m, no.v, yes.v)}; }
// a < b ? a : b and a > b ? a : b, hence b where one of them is NaN.
LANDSLIDE_INLINE Block lesser(Block a, Block b) { return {_mm512_min_pd(a.v, b.v)}; }
LANDSLIDE_INLINE Block greater(Block a, Block b) { return {_mm512_max_pd(a.v, b.v)}; }

LANDSLIDE_INLINE Block bits_and(Block a, long long b) { return block(_mm512_and_epi64(bits(a), _mm512_set1_epi64(b))); }
LANDSLIDE_INLINE Block bits_or(Block a, long long b) { return block(_mm512_or_epi64(bits(a), _mm512_set1_epi64(b))); }
LANDSLIDE_INLINE Block bits_flip(Block a, long long b) {
  return block(_mm512_xor_epi64(bits(a), _mm512_set1_epi64(b)));
}
LANDSLIDE_INLINE Block bits_add(Block a, long long b) { return block(_mm512_add_epi64(bits(a), _mm512_set1_epi64(b))); }
LANDSLIDE_INLINE Block bits_left_52(Block a) { return block(_mm512_slli_epi64(bits(a), 52)); }
LANDSLIDE_INLINE Block bits_right_52(Block a) { return block(_mm512_srli_epi64(bits(a), 52)); }

LANDSLIDE_INLINE void leave() { _mm256_zeroupper(); }  // what follows may be SSE code, slow beside dirty registers

}  // namespace
}  // namespace landslide::tile

#include "landslide_tile_math.hpp"
#include "landslide_tile_operations.hpp"

namespace landslide::tile {

const InstructionSet kAvx512 = {"avx512", function_of, execute, load_columns};

}  // namespace landslide::tile

#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif
#endif
