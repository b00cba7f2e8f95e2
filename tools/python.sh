#!/usr/bin/env bash
# Prints the first Python of those named (else of the usual names) that duijie can use, or one line saying what to do.
#   tools/python.sh [PYTHON …]
set -uo pipefail
cd "$(dirname "$0")/.."
# pyproject.toml alone says which versions.
read -r low high < <(sed -n 's/^requires-python = ">=3\.\([0-9]*\),<3\.\([0-9]*\)"$/\1 \2/p' pyproject.toml)
[ $# -gt 0 ] || set -- python3 $(seq -f 'python3.%g' $((high - 1)) -1 "$low")
for python; do
  # A name may lead to a launcher that refuses, and Debian parts the venv module from Python: so it is run, not looked up.
  "$python" -c "import sys, venv, ensurepip; sys.exit(not (3, $low) <= sys.version_info[:2] < (3, $high))" 2>/dev/null || continue
  echo "$python"
  exit 0
done
echo "duijie needs Python 3.$low to 3.$((high - 1)) with its venv module: apt-get install python3-venv (or make PYTHON=/path/to/python3.$low …)" >&2
exit 1
