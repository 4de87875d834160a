#!/usr/bin/env bash
# The smoke part of the suite (smoke.txt: every public function that takes an evidence, the commands,
# the three pages, most figures, each format of a file) on the lowest or on the newest versions of
# what the package needs, in an environment made for it and thrown away. Warnings are errors.
#
#   tests/run_versions.sh lowest                 the lower bounds of pyproject.toml
#   PYTHON=python3.13 tests/run_versions.sh newest
set -euo pipefail
cd "$(dirname "$0")/.."
case "${1:-}" in
  lowest | newest) ;;
  *) echo "usage: $0 lowest|newest" >&2; exit 2 ;;
esac
environment=$(mktemp -d)
trap 'rm -rf "$environment"' EXIT
"${PYTHON:-python3}" -m venv "$environment"
python=$environment/bin/python
constraints=$environment/constraints.txt
touch "$constraints"
if [ "$1" = lowest ]; then
  "$python" tests/lowest_versions.py >"$constraints"
fi
"$python" -m pip install --quiet --constraint "$constraints" \
  --editable '.[citations,cluster,docx,excel]' 'pytest>=8.2' 'hypothesis>=6.100'
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MPLBACKEND=Agg
"$python" -m pytest -q -p no:cacheprovider @tests/smoke.txt
