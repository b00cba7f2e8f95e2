#!/usr/bin/env bash
# The whole suite with a sign of life every half minute: once on SQLite, then the portal once more on a real PostgreSQL.
set -uo pipefail
cd "$(dirname "$0")/.."
( while sleep 30; do echo "… $(date +%H:%M:%S) still testing"; done ) &
beat=$!
trap 'kill $beat 2>/dev/null' EXIT

.venv/bin/python -m pytest -n 2 --dist loadfile -rs "$@"
code=$?
[ $# -eq 0 ] || exit $code

echo "the portal of one side alone:"
DUIJIE_DEPLOYMENT=one_side .venv/bin/python -m pytest -n 2 -rs tests/portal/test_one_side.py tests/portal/test_portal_pages.py tests/portal/test_access.py
one=$?
code=$(( code > one ? code : one ))

echo "the portal's tests on PostgreSQL:"
tests/postgres.sh bash -c 'DUIJIE_DATABASE_URL=$DUIJIE_TEST_PG_URL .venv/bin/python -m pytest -n 2 --dist loadfile -rs tests/portal'
pg=$?
if [ $pg -eq 77 ] && [ "${DUIJIE_NO_SKIPS:-}" != 1 ]; then pg=0; fi
exit $(( code > pg ? code : pg ))
