#!/usr/bin/env bash
# Runs commands on a bare Debian: a fresh root with nothing but what debootstrap's smallest variant gives, and the two
# packages that README.md names.
#   tools/bare_debian.sh 12|13 [COMMAND …]     e.g. tools/bare_debian.sh 13 'make system' 'make test'
# Each COMMAND is a line for bash in a copy of this checkout; `make demo SERVE=0` where none is given. Needs root, and ends
# with 77 and a line where it cannot mount; takes about 3 GB in $TMPDIR. $DEBIAN_MIRROR names a mirror, where
# debootstrap's own is not wanted. How the package indices are reached is asked of this machine's pip and apt while it
# runs; nothing else of the machine is passed on, and nothing is left behind.
set -euo pipefail
declare -A suites=([12]=bookworm [13]=trixie)

main() {
  cd "$(dirname "$0")/.."
  release=${1:-}
  suite=${suites[${release:-none}]:-}
  [ -n "$suite" ] || { echo "usage: tools/bare_debian.sh ${!suites[*]} [COMMAND …]" >&2; exit 2; }
  shift
  [ $# -gt 0 ] || set -- 'make demo SERVE=0'
  if [ "$(id -u)" -ne 0 ] || ! unshare --mount --pid --fork true 2>/dev/null; then
    echo "skipped: a bare Debian $release can be made only by root, where it may mount"
    exit 77
  fi

  place=$(mktemp -d "${TMPDIR:-/var/tmp}/debian-$release.XXXXXX")
  root=$place/root
  mkdir -m 755 "$root"
  ( while sleep 30; do echo "… $(date +%H:%M:%S) Debian $release: still at work"; done ) &
  beat=$! child=
  # What is mounted below the root is mounted in a namespace that has ended by then: nothing of it can be deleted.
  trap 'kill -KILL $beat $child 2>/dev/null || true; rm -rf --one-file-system "$place"' EXIT
  trap 'exit 143' TERM
  trap 'exit 130' INT

  if ! command -v debootstrap >/dev/null; then
    timed "debootstrap installed here" quietly installed
  fi
  timed "root made by debootstrap --variant=minbase" \
    quietly debootstrap --variant=minbase "$suite" "$root" ${DEBIAN_MIRROR:+"$DEBIAN_MIRROR"}
  ways_to_the_indices
  # An invoke-rc.d that starts nothing, as in every root without an init.
  install -m 755 /dev/stdin "$root/usr/sbin/policy-rc.d" <<<$'#!/bin/sh\nexit 101'
  mkdir "$root/duijie" "$root/shared"
  git ls-files -z | tar --create --null --files-from=- | tar --extract --no-same-owner -C "$root/duijie"
  timed "python3-venv and make installed" \
    quietly inside 'apt-get update -qq && apt-get install -y -qq --no-install-recommends python3-venv make'
  for command; do
    echo "Debian $release, $(inside 'python3 --version'): $command"
    timed "$command" inside "$command"
  done
}

# Runs the rest and says how long it took; a failure is 1, whatever the command's own code: 77 would pass for a skip.
timed() {
  local began=$SECONDS what=$1
  shift
  "$@" || { echo "Debian $release: failed after $((SECONDS - began)) s: $what"; exit 1; }
  echo "Debian $release: $what: $((SECONDS - began)) s"
}

# What a command prints is only of interest where it fails.
quietly() {
  "$@" >"$place/log" 2>&1 || { cat "$place/log"; return 1; }
}

installed() {
  apt-get update -qq || true  # an unrelated broken list must not stop us
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends debootstrap
}

# Sets `settings`: what pip and other clients need to know of indices, proxies and certificates.
ways_to_the_indices() {
  local key value name cert
  settings=()
  for name in http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY; do
    [ -z "${!name:-}" ] || settings+=("$name=${!name}")
  done
  while IFS='=' read -r key value; do
    value=${value#\'} value=${value%\'}
    name=${key##*.}
    case $name in
      index-url | extra-index-url)
        # An index on this machine's disk is not there in the root.
        value=$(tr ' ' '\n' <<<"${value//\\n/ }" | { grep -v '^file:' || true; } | paste -sd ' ')
        [ -z "$value" ] || settings+=("PIP_$(tr a-z- A-Z_ <<<"$name")=$value") ;;
      trusted-host | proxy | timeout | default-timeout) settings+=("PIP_$(tr a-z- A-Z_ <<<"$name")=$value") ;;
      cert) cert=$value ;;
    esac
  done < <(
    # The environment's lines last, since pip obeys them first.
    python3 -m pip config list >"$place/pip" 2>/dev/null || true
    grep -v '^:env:' "$place/pip"
    grep '^:env:' "$place/pip"
  )
  cert=${cert:-${REQUESTS_CA_BUNDLE:-${SSL_CERT_FILE:-}}}
  if [ -n "$cert" ]; then
    # Under a name of its own: the package ca-certificates writes its file anew when it is installed.
    install -m 644 "$cert" "$root/etc/ssl-of-the-machine.pem"
    settings+=("PIP_CERT=/etc/ssl-of-the-machine.pem")
  fi
  apt-config dump | { grep -E '^Acquire::(https?|Check-|Retries)' || true; } >"$root/etc/apt/apt.conf.d/99machine"
}

# Runs one line in the root, in namespaces of its own: whatever it starts or mounts ends with it.
inside() {
  unshare --mount --pid --fork --kill-child bash -ec '
    root=$1 shared=$2 line=$3
    shift 3
    mount -t proc proc "$root/proc"
    mount --rbind /dev "$root/dev"
    mount --bind -o ro /sys "$root/sys"
    cp /etc/resolv.conf "$root/etc/resolv.conf"
    if [ -d "$shared" ]; then mount --bind -o ro "$shared" "$root/shared"; fi
    exec chroot "$root" env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive "$@" \
      bash -c "cd /duijie && $line"
  ' bash "$root" "${DUIJIE_SHARED:-$PWD/../shared}" "$1" "${settings[@]}" ${DUIJIE_NO_SKIPS:+"DUIJIE_NO_SKIPS=$DUIJIE_NO_SKIPS"} &
  # In the background, since unshare ignores a polite end and bash hears of one only while it waits.
  child=$!
  wait "$child"
}

# bash reads a script as it goes: nothing may be left to read, should the file change meanwhile.
main "$@"; exit
