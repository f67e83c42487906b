#!/usr/bin/env bash
# Installs what the tests of the pages need: a browser from Debian, its driver and an accessibility checker from npm
# (package-lock.json), once per lock file. Needs node 20 and npm, which tests/peers/install.sh installs.
set -euo pipefail
cd "$(dirname "$0")"

say() { printf 'browser: %s\n' "$*"; }

if ! command -v chromium >/dev/null; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    say "chromium is missing: installing Debian's"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq </dev/null
    apt-get install -y -qq --no-install-recommends chromium </dev/null
  else
    say "chromium is needed to test the pages; install it (Debian: apt-get install chromium)" >&2
    exit 1
  fi
fi

# One stamp for everything that decides what lands in node_modules. A half-finished install leaves none.
want=$(cat package.json package-lock.json | sha256sum | cut -d' ' -f1)
stamp=node_modules/.installed
if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$want" ]; then
  say "up to date"
  exit 0
fi

started=$SECONDS
for attempt in 1 2 3; do
  if npm ci --ignore-scripts --no-audit --no-fund --loglevel=error </dev/null; then
    printf '%s' "$want" >"$stamp"
    say "installed in $((SECONDS - started)) s"
    exit 0
  fi
  say "npm ci failed (attempt $attempt of 3)" >&2
  sleep $((attempt * 5))
done
exit 1
