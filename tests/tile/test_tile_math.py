"""Exponential, logarithm, tangent and sigmoid against multiple precision, in both layouts."""

import mpmath
import numpy as np
import pytest

from elm_landslide.fields import N_IN, N_OUT
from elm_landslide.model.tile_program import Op, Operand
from support.tile_support import Builder, Probe, possible_sets, same_bits

TINY = 5e-324


def evaluate(op, values, instruction_set="auto"):
    builder = Builder()
    builder.add(op, 8, Operand(0))
    probe = Probe(builder.program(builder.cells - 8), instruction_set)
    x = np.zeros((len(values), N_IN))
    x[:, 0] = values
    return probe(x)[:, 0]


def ulps(got, function, values):
    errors = []
    with mpmath.workprec(200):
        for value, result in zip(values, got, strict=True):
            wanted = function(mpmath.mpf(float(value)))
            unit = mpmath.mpf(float(np.spacing(max(abs(float(wanted)), 2.3e-308))))
            errors.append(float(abs(mpmath.mpf(float(result)) - wanted) / unit))
    return np.array(errors)


random = np.random.default_rng(5)
SIGNED = random.choice([-1.0, 1.0], 1500)
EXPONENTS = np.concatenate(
    [
        random.uniform(-745.2, 709.7, 1500),
        SIGNED * 10.0 ** random.uniform(-20, 0, 1500),
        [709.782712893383, -745.1332191019411, -708.4, -708.39],
    ]
)
POSITIVE = np.concatenate(
    [
        2.0 ** random.uniform(-1074, 1023.9, 1500),
        random.uniform(0.5, 2.0, 1500),
        1.0 + SIGNED * 10.0 ** random.uniform(-16, -1, 1500),
        [TINY, 2.2250738585072014e-308, 1.7976931348623157e308, 0.5**0.5, 2**0.5],
    ]
)
NEAR_POLES = np.round(random.uniform(-6000, 6000, 500)) * np.pi / 2
ANGLES = np.concatenate(
    [
        random.uniform(-1e4, 1e4, 1500),
        random.uniform(-1.6, 1.6, 1500),
        SIGNED * 10.0 ** random.uniform(-20, 0, 1500),
        NEAR_POLES,
        SIGNED * random.uniform(1e4, 1e6, 1500),
    ]
)
CASES = {
    Op.EXP: (mpmath.exp, EXPONENTS, 1.0),
    Op.LOG: (mpmath.log, POSITIVE, 1.1),
    Op.TAN: (mpmath.tan, ANGLES, 2.5),
    Op.SIGMOID: (lambda x: 1 / (1 + mpmath.exp(-x)), np.clip(EXPONENTS, -745, 700), 2.0),
}


@pytest.mark.parametrize("op", CASES, ids=lambda op: op.name)
def test_errors(op):
    function, values, most = CASES[op]
    error = ulps(evaluate(op, values), function, values)
    worst = int(error.argmax())
    print(f"{op.name}: at most {error[worst]:.3f} ulp, at {values[worst]!r}")
    assert error[worst] <= most
    assert error.mean() > 0.1  # the reference is another program than the engine


@pytest.mark.parametrize("op", CASES, ids=lambda op: op.name)
def test_every_instruction_set_has_the_same_bits(op):
    values = np.concatenate([CASES[op][1], [np.inf, -np.inf, np.nan, 0.0, -0.0, -1.0, TINY, -TINY, 1e300, -1e300]])
    results = {name: evaluate(op, values, name) for name in possible_sets()}
    alone = np.concatenate([evaluate(op, values[i : i + 1]) for i in range(0, len(values), 97)])
    assert same_bits(alone, results["baseline"][::97])
    for name, result in results.items():
        assert same_bits(result, results["baseline"]), name


def constants_through(op, values):
    """The same for values that no input can have: not finite ones count as missing."""
    builder = Builder()
    builder.add(op, 8, builder.constant([*values, *np.ones(8 - len(values))]))
    return Probe(builder.program(builder.cells - 8))(np.zeros((1, N_IN)))[0, : len(values)]


def test_edges():
    inf = np.inf
    assert same_bits(constants_through(Op.EXP, [inf, -inf, 0.0, -0.0, 1e308]), [inf, 0.0, 1.0, 1.0, inf])
    assert same_bits(constants_through(Op.EXP, [-1e308, 709.79, -745.2, -745.1, TINY]), [0.0, inf, 0.0, TINY, 1.0])
    assert same_bits(constants_through(Op.LOG, [inf, -inf, 0.0, -0.0, -TINY]), [inf, np.nan, -inf, -inf, np.nan])
    assert same_bits(constants_through(Op.LOG, [1.0, -1.0, -1e308, 1.0, 1.0]), [0.0, np.nan, np.nan, 0.0, 0.0])
    assert same_bits(constants_through(Op.TAN, [inf, -inf, 0.0, -1.1e6, 1.1e6]), [np.nan, np.nan, 0.0, np.nan, np.nan])
    assert same_bits(constants_through(Op.SIGMOID, [inf, -inf, 0.0, 800.0, -800.0]), [1.0, 0.0, 0.5, 1.0, 0.0])


def test_nan_stays():
    for op in CASES:
        builder = Builder()
        nan = builder.add(Op.SQRT, 8, builder.constant(-np.ones(8)))
        builder.add(op, 8, Operand(nan))
        assert np.isnan(Probe(builder.program(builder.cells - 8))(np.zeros((9, N_IN)))[:, :N_OUT]).all(), op
