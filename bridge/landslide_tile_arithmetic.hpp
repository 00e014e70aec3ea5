// First include of every file with operations: whatever the host's flags, their arithmetic stays as written and they
// are fast. GCC's gnu++17 by default contracts a * b + c into one rounding wherever the target has it, intrinsics
// included. Clang, told to do so by -ffp-contract=fast, heeds no pragma; hence no operation adds to a product but by
// fma.
#ifndef LANDSLIDE_TILE_ARITHMETIC_HPP
#define LANDSLIDE_TILE_ARITHMETIC_HPP

#if defined(__FAST_MATH__) || (defined(__FINITE_MATH_ONLY__) && __FINITE_MATH_ONLY__)
#error "landslide_tile_*.cpp: compile without -ffast-math and -ffinite-math-only: results have the same bits everywhere"
#endif

#if defined(__clang__)
#pragma clang fp contract(off)
#elif defined(__GNUC__)
#pragma GCC optimize("O3")
#pragma GCC optimize("fp-contract=off")
#pragma GCC optimize("no-math-errno")
#endif

#define LANDSLIDE_INLINE inline __attribute__((always_inline))

#endif
