#!/usr/bin/env bash
# The whole suite with a sign of life every half minute: once on SQLite, then the portal once more on a real PostgreSQL.
set -uo pipefail
cd "$(dirname "$0")/.."
# The suite starts hundreds of processes: where nothing is kept each compiles all it imports anew, for seconds.
unset PYTHONDONTWRITEBYTECODE
( while sleep 30 >/dev/null; do echo "… $(date +%H:%M:%S) still testing"; done ) &
beat=$!
export DUIJIE_TEST_PLACE
DUIJIE_TEST_PLACE=$(mktemp -d)
trap 'kill $beat 2>/dev/null; rm -rf "$DUIJIE_TEST_PLACE"' EXIT

# Files go out in their order: the portal's, then one wing after the other; the smallest are left to even out the end.
export PYTEST_ADDOPTS="-n 2 --dist loadfile --no-loadscope-reorder -rs"
.venv/bin/python -m pytest "$@"
code=$?
[ $# -eq 0 ] || exit $code

echo "the portal of one side alone:"
DUIJIE_DEPLOYMENT=one_side .venv/bin/python -m pytest --dist load tests/portal/test_one_side.py tests/portal/test_portal_pages.py tests/portal/test_access.py
one=$?
code=$(( code > one ? code : one ))

echo "the portal's tests on PostgreSQL:"
tests/postgres.sh bash -c 'DUIJIE_DATABASE_URL=$DUIJIE_TEST_PG_URL .venv/bin/python -m pytest tests/portal'
pg=$?
if [ $pg -eq 77 ] && [ "${DUIJIE_NO_SKIPS:-}" != 1 ]; then pg=0; fi
exit $(( code > pg ? code : pg ))
