#!/usr/bin/env bash
# A throw-away PostgreSQL cluster of the installed binaries, for one command:
#   tests/postgres.sh COMMAND …      runs COMMAND with DUIJIE_TEST_PG_URL set; exit 77 where there is no PostgreSQL.
# A URL that is already set is used as it is.
set -uo pipefail
if [ -n "${DUIJIE_TEST_PG_URL:-}" ]; then exec "$@"; fi
bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)
[ -n "$bin" ] && [ -x "$bin/initdb" ] || { echo "skipped: no PostgreSQL on this machine (make system installs it)"; exit 77; }
place=$(mktemp -d)
chmod 755 "$place"
mkdir "$place/data" "$place/run"
# The server refuses to run as root: then an unprivileged user owns the cluster.
as=()
if [ "$(id -u)" -eq 0 ]; then
  chown -R nobody "$place"
  as=(setpriv --reuid=nobody --regid=nogroup --clear-groups)
fi
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
trap '"${as[@]}" "$bin/pg_ctl" -D "$place/data" -m immediate stop >/dev/null 2>&1; rm -rf "$place"' EXIT
cd "$place"
"${as[@]}" "$bin/initdb" -D "$place/data" -U duijie -A trust -E UTF8 --locale=C >/dev/null || exit 1
"${as[@]}" "$bin/pg_ctl" -D "$place/data" -w -l "$place/run/log" \
  -o "-c listen_addresses=127.0.0.1 -c port=$port -c unix_socket_directories=$place/run -c fsync=off" start >/dev/null || { cat "$place/run/log"; exit 1; }
cd - >/dev/null
export DUIJIE_TEST_PG_URL="postgresql://duijie@127.0.0.1:$port/postgres"
"$@"
