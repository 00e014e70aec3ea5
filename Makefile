# make run   step the shipped model over the shipped ELM sample: out/*.nc and figures
# make test  the tests
# make bench speed and memory of the engines: a table and out/bench.json
# make validate  the checks of the hillslope simulator; HISTORY=h0.nc SURFACE=surfdata.nc compares it with ELM too
# make lint, make wheel, make train: style; the wheel, built and run in a clean environment; the shipped model again
# Both install what they need: system tools (bootstrap.sh), a virtual environment in .venv, the build in build/.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.PHONY: run test bench validate lint train wheel clean

PYTHON ?= python3
RANKS ?= 2
BIN := .venv/bin
# Ranks may outnumber cores; OpenMPI refuses root unless told otherwise.
export OMPI_ALLOW_RUN_AS_ROOT := 1
export OMPI_ALLOW_RUN_AS_ROOT_CONFIRM := 1
# Ranks and tests share the cores; waiting OpenMP threads would only fight for them.
export OMP_NUM_THREADS ?= 1
MPIRUN := mpirun --oversubscribe -n $(RANKS)
SOURCES := $(shell find bridge cime_config fortran python -type f -not -name '*.pyc') CMakeLists.txt pyproject.toml LICENSE README.md

run: build/installed
	mkdir -p out
	$(MPIRUN) $(BIN)/elm-landslide run --sample susquehanna --out out/landslide.nc --overwrite
	$(MPIRUN) $(BIN)/elm-landslide run --sample steep --out out/landslide_steep.nc --overwrite
	$(BIN)/elm-landslide run --sample steep --set root_strength_left=0 --out out/landslide_steep_no_roots.nc --overwrite
	$(BIN)/elm-landslide plot out/landslide.nc out/landslide_steep.nc out/landslide_steep_no_roots.nc \
		--label "Susquehanna" --label "steep, wet site" --label "steep, wet site, no roots" --out out
	$(BIN)/elm-landslide profile --sample steep --landslide out/landslide_steep.nc --label "steep, wet site" \
		--out out/profile.png

test: build/installed
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile

bench: build/installed build/bench/landslide_bench
	mkdir -p out
	$(BIN)/elm-landslide bench --out out/bench.json

# One rank hands out the work of the others.
validate: build/installed
	mpirun --oversubscribe -n 3 $(BIN)/elm-landslide simulate --validate \
		$(if $(HISTORY),--history $(HISTORY)) $(if $(SURFACE),--surface $(SURFACE))

# With the flags of E3SM's optimised build: no -march, little optimisation.
BENCH_SOURCES := $(wildcard bench/*.cpp) $(filter-out bridge/landslide_torch_engine.cpp,$(wildcard bridge/*.cpp))
build/bench/landslide_bench: $(BENCH_SOURCES) $(wildcard bench/*.hpp bridge/*.hpp bridge/*.h) \
		python/elm_landslide/fields.py python/elm_landslide/fields.toml | build/environment
	mkdir -p build/bench
	$(BIN)/python python/elm_landslide/fields.py c > build/bench/landslide_fields.h
	g++ -O -std=gnu++17 -Ibridge -Ibench -Ibuild/bench $(BENCH_SOURCES) -ldl -o $@

lint: build/environment
	$(BIN)/ruff check python tests docs
	$(BIN)/ruff format --check python tests docs

# The wheel, built as pip builds it, installed in a clean environment and run there, away from the sources.
wheel: build/environment
	rm -rf dist build/wheel
	$(BIN)/pip wheel --quiet --no-deps --wheel-dir dist .
	$(PYTHON) -m venv build/wheel/environment
	build/wheel/environment/bin/pip install --quiet dist/*.whl
	cd build/wheel && environment/bin/elm-landslide run --sample steep --out steep.nc --json > steep.json
	cd build/wheel && environment/bin/elm-landslide inspect > /dev/null
	@echo "dist/$$(cd dist && ls): built, installed and run"

# The shipped model, again from its seed: ENSEMBLE, of 20,000 members from elm-landslide simulate, and SITES, a table
# from elm-landslide sites convert. Under mpirun several ranks share every batch; the last digits then differ.
train: build/installed
	@[ -n "$(ENSEMBLE)" ] && [ -n "$(SITES)" ] || { echo "make train: give ENSEMBLE=ensemble.nc SITES=sites.csv" >&2; exit 2; }
	$(BIN)/elm-landslide train --preset full --ensemble $(ENSEMBLE) --sites $(SITES) \
		--out python/elm_landslide/models/landslide.pt

build/installed: build/environment $(SOURCES)
	$(BIN)/pip install --quiet --no-build-isolation --no-deps --force-reinstall .
	touch $@

# Build requirements come first and stay: building without isolation keeps the build incremental.
build/environment: pyproject.toml bootstrap.sh
	PYTHON=$(PYTHON) ./bootstrap.sh
	mkdir -p build
	[ -x $(BIN)/python ] || $(PYTHON) -m venv .venv
	$(BIN)/python -c 'import tomllib; p = tomllib.load(open("pyproject.toml", "rb")); \
		o = p["project"]["optional-dependencies"]; \
		print(*p["build-system"]["requires"], *p["project"]["dependencies"], *o["test"], *o["lint"], sep="\n")' > build/requirements.txt
	$(BIN)/pip install --quiet --requirement build/requirements.txt
	touch $@

clean:
	rm -rf build out .venv
