#!/usr/bin/env bash
# The whole suite with a sign of life every half minute.
set -uo pipefail
cd "$(dirname "$0")/.."
( while sleep 30; do echo "… $(date +%H:%M:%S) still testing"; done ) &
beat=$!
trap 'kill $beat 2>/dev/null' EXIT
.venv/bin/python -m pytest -n 2 --dist loadfile -rs "$@"
