#!/bin/sh
# System tools. As root on Debian, installs the missing ones; elsewhere, lists them.
#   bootstrap.sh       what the build needs
#   bootstrap.sh test  what the tests need too
set -eu

# tool, Debian package, purpose; if missing, cmake and ninja come from PyPI
needed='
g++ g++ the bridge (C++17)
gfortran gfortran the Fortran component
'
if [ "${1:-}" = test ]; then
    needed="$needed"'
cmake cmake a build without Python, the stand-in ELM
ninja ninja-build the stand-in ELM
mpirun openmpi-bin runs on several ranks
readelf binutils a look at the dynamic section
'
fi
packages=''
missing=''
while read -r tool package purpose; do
    [ -n "$tool" ] || continue
    command -v "$tool" >/dev/null 2>&1 && continue
    packages="$packages $package"
    missing="$missing
  $tool ($purpose): Debian package $package"
done <<EOF
$needed
EOF

python=${PYTHON:-python3}
if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    packages="$packages python3"
    missing="$missing
  $python 3.11 or newer: Debian package python3 (or set PYTHON=/path/to/python3.11)"
fi
if ! "$python" -c 'import venv, ensurepip' 2>/dev/null; then
    packages="$packages python3-venv"
    missing="$missing
  the venv module of $python: Debian package python3-venv"
fi
if ! "$python" -c 'import os, sys, sysconfig; sys.exit(not os.path.exists(os.path.join(sysconfig.get_paths()["include"], "Python.h")))' 2>/dev/null; then
    packages="$packages python3-dev"
    missing="$missing
  the headers of $python: Debian package python3-dev"
fi

# mpifort comes with mpirun, the Fortran module of MPI in a separate package.
if [ "${1:-}" = test ] && ! printf 'use mpi\nend\n' | mpifort -fsyntax-only -x f95 - 2>/dev/null; then
    packages="$packages libopenmpi-dev"
    missing="$missing
  mpi.mod (the glue in ELM, which the tests compile): Debian package libopenmpi-dev"
fi

[ -n "$packages" ] || exit 0
if [ "$(id -u)" = 0 ] && [ -f /etc/debian_version ] && command -v apt-get >/dev/null 2>&1; then
    echo "installing:$packages"
    apt-get update -qq
    # shellcheck disable=SC2086  # a list of words
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $packages >/dev/null
    exit 0
fi
echo "missing, please install:$missing" >&2
exit 2
