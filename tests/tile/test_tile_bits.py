"""The same bits whatever the batch, the position, the threads, the instruction set, the compiler and its options."""

import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from elm_landslide.fields import N_OUT
from elm_landslide.model.tile_program import Op, Operand
from support import reference
from support.random_program import random_program
from support.tile_support import REPOSITORY, SETS, Builder, Probe, columns, library, possible_sets, same_bits

SEEDS = range(12)


@pytest.mark.parametrize("seed", [*SEEDS[:2], *(pytest.param(seed, marks=pytest.mark.long) for seed in SEEDS[2:])])
def test_every_instruction_set_has_the_same_bits(seed):
    program, x = random_program(seed), columns(37, seed)
    results = {name: Probe(program, name)(x) for name in possible_sets()}
    for name, result in results.items():
        assert Probe(program, name).instruction_set == name
        assert same_bits(result, results["baseline"]), name
    wanted = reference.run(program, x)
    np.testing.assert_allclose(results["baseline"][:, :N_OUT], wanted[:, :N_OUT], rtol=1e-6, atol=1e-6)
    assert np.isfinite(wanted).all()
    assert len(np.unique(wanted[:, 0])) == len(x)


@pytest.mark.parametrize("name", SETS)
def test_a_column_does_not_depend_on_its_batch(name):
    if name not in possible_sets():
        pytest.skip(f"the processor lacks {name}")
    probe, x = Probe(random_program(100), name), columns(101)
    alone = np.concatenate([probe(x[i : i + 1]) for i in range(len(x))])
    for n in range(1, 101):
        assert same_bits(probe(x[:n]), alone[:n]), n
        assert same_bits(probe(x[-n:]), alone[-n:]), n
    order = np.random.default_rng(2).permutation(len(x))
    assert same_bits(probe(x[order]), alone[order])


def test_what_a_tile_leaves_behind_changes_nothing():
    """Columns full of missing values and huge numbers run before, in the same arena."""
    probe, x = Probe(random_program(7)), columns(16)
    fresh = probe(x)
    for wild in (np.full_like(x, np.nan), np.full_like(x, 1e300), -x * 1e-300):
        for n in (1, 3, 8, 16):
            probe(wild[:n])
            assert same_bits(probe(x), fresh)
            assert same_bits(probe(x[:1]), fresh[:1])


def test_threads_share_one_engine():
    probe, x = Probe(random_program(3)), columns(203)
    whole = probe(x)
    parts = [slice(i, i + n) for n in (1, 7, 50, 203) for i in range(0, 203, n)]
    with ThreadPoolExecutor(4) as pool:
        for part, got in zip(parts * 5, pool.map(lambda part: probe(x[part]), parts * 5), strict=True):
            assert same_bits(got, whole[part])


def test_a_host_that_flushes_denormal_numbers_changes_nothing():
    builder = Builder()
    value = builder.add(Op.MUL, N_OUT + 1, Operand(0), Operand(10))
    x = columns(17)
    x[:, : N_OUT + 1] *= 1e-300
    x[:, 10 : 11 + N_OUT] *= 1e-12
    x[::2, 0], x[::2, 10] = 5e-324, 1.0  # an input that is denormal itself
    probe = Probe(builder.program(value))
    wanted = probe(x)
    assert (np.abs(wanted[:, :N_OUT]) < 2.3e-308).all()
    assert (wanted[:, :N_OUT] != 0.0).all()
    assert same_bits(probe(x, flushed=True), wanted)


COMPILERS = [  # each takes half a minute: two that differ the most, and the rest where there is time
    ("g++", ("-O3", "-std=gnu++17", "-march=native", "-ffp-contract=fast", "-fno-math-errno", "-fno-trapping-math")),
    ("clang++", ("-O", "-std=gnu++17")),
    *(
        pytest.param(*build, marks=pytest.mark.long)
        for build in (
            ("g++", ("-O0", "-std=gnu++17")),
            ("g++", ("-O2", "-std=gnu++17", "-march=native")),
            ("g++", ("-O3", "-std=c++17", "-ffp-contract=off", "-fno-fast-math")),  # the project's own build
            ("clang++", ("-O3", "-std=gnu++17", "-march=native", "-ffp-contract=fast")),
        )
    ),
]


@pytest.mark.parametrize(("compiler", "flags"), COMPILERS, ids=lambda p: p if isinstance(p, str) else " ".join(p))
def test_every_build_has_the_same_bits_and_no_warning(compiler, flags):
    if shutil.which(compiler) is None:
        pytest.skip(f"{compiler} is not installed")
    built, x = library(compiler, flags), columns(19)
    for seed in SEEDS:
        program = random_program(seed)
        wanted = Probe(program)(x)
        for name in possible_sets(built):
            assert same_bits(Probe(program, name, built)(x), wanted), (seed, name)


@pytest.mark.parametrize("flag", ["-ffast-math", "-ffinite-math-only"])
def test_fast_math_is_refused_by_name(flag):
    header = REPOSITORY / "bridge/landslide_tile_arithmetic.hpp"
    command = ["g++", "-O3", "-std=gnu++17", "-fsyntax-only", "-x", "c++", header]
    subprocess.run(command, check=True)
    result = subprocess.run([*command, flag], capture_output=True, text=True, check=False)
    assert result.returncode != 0
    assert "compile without -ffast-math" in result.stderr
