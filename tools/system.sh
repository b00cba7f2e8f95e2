#!/usr/bin/env bash
# What the suite uses and only Debian packages give. Run as root; safe to run twice.
set -euo pipefail
packages=(python3-venv chromium fonts-noto-cjk postgresql poppler-utils libpango-1.0-0 libpangoft2-1.0-0 default-jre-headless libatomic1 gettext wrk)
missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done
if [ ${#missing[@]} -eq 0 ]; then
  echo "system: everything is installed"
  exit 0
fi
echo "system: installing ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
( while sleep 30; do echo "system: … still installing"; done ) &
beat=$!
trap 'kill $beat 2>/dev/null || true' EXIT
# An unrelated broken list must not stop us: what counts is whether the packages can be installed.
apt-get update -qq || echo "system: apt-get update reported a problem, going on"
apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
echo "system: done"
