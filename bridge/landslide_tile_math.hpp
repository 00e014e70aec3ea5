// exp, log, tan and the sigmoid on Blocks. Included once per instruction set, after its Block: no include guard.
// Series are Taylor's, their coefficients exact fractions; the reductions subtract a constant held in several doubles
// (Cody and Waite). Errors were measured against multiple precision; see tests/tile.

namespace landslide::tile {
namespace {  // NOLINT(misc-anonymous-namespace-in-header): a copy for each instruction set is wanted

constexpr double kInfinity = __builtin_inf();
constexpr long long kSign = static_cast<long long>(0x8000000000000000);
constexpr double kRound = 0x1.8p52;  // adding and subtracting it rounds to an integer, and leaves it in the low bits

// ln 2 and pi / 2 as sums of doubles; all but the last have 33 bits, so that their products with an integer below 2^20
// are exact.
constexpr double kLn2[2] = {0x1.62e42fef00000p-1, 0x1.473de6af278edp-34};
constexpr double kHalfPi[3] = {0x1.921fb54400000p+0, 0x1.0b4611a600000p-34, 0x1.3198a2e037073p-69};

// c[0] + c[1] x + ... in pairs: half as deep as Horner's scheme, for a single column waits for every operation.
template <int n>
LANDSLIDE_INLINE Block polynomial(Block x, const double *c) {
  const Block square = mul(x, x);
  Block sum = n % 2 == 1 ? splat(c[n - 1]) : fma(splat(c[n - 1]), x, splat(c[n - 2]));
  for (int i = n - 2 - (n % 2 == 0); i > 0; i -= 2) sum = fma(sum, square, fma(splat(c[i]), x, splat(c[i - 1])));
  return sum;
}

// x 2^n for an integral n from -1100 to 1100, in two steps so that neither factor leaves the range of a double.
LANDSLIDE_INLINE Block scale(Block x, Block n) {
  const Block half = sub(fma(n, splat(0.5), splat(kRound)), splat(kRound));
  const Block one = bits_left_52(add(half, splat(kRound + 1023.0)));
  const Block other = bits_left_52(add(sub(n, half), splat(kRound + 1023.0)));
  return mul(mul(x, one), other);
}

// At most 1 ulp; 0, denormal numbers and infinity as rounding demands.
LANDSLIDE_INLINE Block exp(Block x) {
  // 1 / k! from k = 2; r^14 / 14! is below 2^-57 for |r| <= ln 2 / 2.
  static constexpr double c[] = {1.0 / 2,       1.0 / 6,        1.0 / 24,        1.0 / 120,
                                 1.0 / 720,     1.0 / 5040,     1.0 / 40320,     1.0 / 362880,
                                 1.0 / 3628800, 1.0 / 39916800, 1.0 / 479001600, 1.0 / 6227020800};
  x = lesser(splat(720.0), greater(splat(-760.0), x));  // beyond: infinity and 0; NaN stays, as the second of each
  const Block n = sub(fma(x, splat(1.4426950408889634), splat(kRound)), splat(kRound));
  const Block r = fnma(n, splat(kLn2[1]), fnma(n, splat(kLn2[0]), x));
  const Block more = fma(mul(r, r), polynomial<12>(r, c), r);
  return scale(add(splat(1.0), more), n);
}

// At most 1.1 ulp; log 0 is -infinity, of a negative number NaN.
LANDSLIDE_INLINE Block log(Block x) {
  // ln(1 + f) = 2 artanh s with s = f / (2 + f), and 2 s = f - s f: that is f - s (f - R) with
  // R = 2 s^2 / 3 + 2 s^4 / 5 + ..., in which only small terms are rounded. Beyond s^20, R changes by less than 2^-57.
  static constexpr double c[] = {2.0 / 3,  2.0 / 5,  2.0 / 7,  2.0 / 9,  2.0 / 11,
                                 2.0 / 13, 2.0 / 15, 2.0 / 17, 2.0 / 19, 2.0 / 21};
  constexpr long long root_half = 0x3fe6a09e00000000;  // the bits of sqrt(1/2), a little less
  constexpr long long to_one = 0x3ff0000000000000 - root_half;
  const Mask denormal = less(x, splat(0x1p-1022));
  const Block normal = choose(denormal, mul(x, splat(0x1p54)), x);
  // normal = 2^e (1 + f), sqrt(1/2) <= 1 + f < sqrt(2)
  const Block shifted = bits_add(normal, to_one);
  const Block bias = choose(denormal, splat(0x1p52 + 1023.0 + 54.0), splat(0x1p52 + 1023.0));
  const Block e = sub(bits_or(bits_right_52(shifted), 0x4330000000000000), bias);  // 2^52 + the exponent, exact
  const Block f = sub(bits_add(bits_and(shifted, 0x000fffffffffffff), root_half), splat(1.0));
  const Block s = div(f, add(f, splat(2.0)));
  const Block square = mul(s, s);
  const Block small = fnma(s, fnma(square, polynomial<10>(square, c), f), f);
  const Block finite = fma(e, splat(kLn2[0]), fma(e, splat(kLn2[1]), small));
  const Block zero = choose(equal(x, splat(0.0)), splat(-kInfinity), splat(__builtin_nan("")));
  return choose(less(splat(0.0), x), choose(less(x, splat(kInfinity)), finite, x), zero);
}

// At most 2.5 ulp. NaN beyond 1e6, where the reduction would lose digits.
LANDSLIDE_INLINE Block tan(Block x) {
  // sin r / r - 1 and cos r - 1 over r^2 in r^2, for |r| <= pi / 4.
  static constexpr double sine[] = {-1.0 / 6,
                                    1.0 / 120,
                                    -1.0 / 5040,
                                    1.0 / 362880,
                                    -1.0 / 39916800,
                                    1.0 / 6227020800.0,
                                    -1.0 / 1307674368000.0,
                                    1.0 / 355687428096000.0};
  static constexpr double cosine[] = {-1.0 / 2,
                                      1.0 / 24,
                                      -1.0 / 720,
                                      1.0 / 40320,
                                      -1.0 / 3628800,
                                      1.0 / 479001600,
                                      -1.0 / 87178291200.0,
                                      1.0 / 20922789888000.0,
                                      -1.0 / 6402373705728000.0};
  const Block n = sub(fma(x, splat(0.6366197723675814), splat(kRound)), splat(kRound));
  const Block half = mul(n, splat(0.5));
  const Mask even = equal(half, sub(fma(n, splat(0.5), splat(kRound)), splat(kRound)));
  const Block r = fnma(n, splat(kHalfPi[2]), fnma(n, splat(kHalfPi[1]), fnma(n, splat(kHalfPi[0]), x)));
  const Block square = mul(r, r);
  const Block sin = fma(mul(r, square), polynomial<8>(square, sine), r);
  const Block cos = fma(square, polynomial<9>(square, cosine), splat(1.0));
  const Block value = div(choose(even, sin, bits_flip(cos, kSign)), choose(even, cos, sin));
  return choose(less_equal(bits_and(x, ~kSign), splat(1e6)), value, splat(__builtin_nan("")));
}

// At most 2 ulp, in both tails.
LANDSLIDE_INLINE Block sigmoid(Block x) {
  const Block e = exp(bits_or(x, kSign));  // of -|x|
  return div(choose(less(x, splat(0.0)), e, splat(1.0)), add(splat(1.0), e));
}

}  // namespace
}  // namespace landslide::tile
