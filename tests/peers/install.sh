#!/usr/bin/env bash
# Installs the programs the tests run against (package-lock.json) into node_modules, once per lock file.
# Needs node 20 and npm; as root on Debian it installs them, otherwise it says what is missing.
set -euo pipefail
cd "$(dirname "$0")"

say() { printf 'peers: %s\n' "$*"; }

node_major() { node --version 2>/dev/null | sed -E 's/^v([0-9]+).*/\1/'; }

if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    say "node or npm is missing: installing Debian's"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq </dev/null
    apt-get install -y -qq --no-install-recommends nodejs npm </dev/null
  else
    say "node 20 and npm are needed to run a real beacon node; install them (Debian: apt-get install nodejs npm)" >&2
    exit 1
  fi
fi
if [ "$(node_major)" -lt 20 ]; then
  say "node $(node --version) is too old for the beacon node: version 20 is needed" >&2
  exit 1
fi

# npm calls it success when an optional package, such as anvil's program for this machine, did not arrive.
complete() {
  case "$(uname -s)-$(uname -m)" in
    Linux-x86_64) anvil=node_modules/@foundry-rs/anvil-linux-amd64/bin/anvil ;;
    *) say "anvil is not among the packages for this machine: the tests that need it will say so" && return ;;
  esac
  [ -x "$anvil" ] || { say "$anvil did not arrive" >&2 && return 1; }
}

# One stamp for everything that decides what lands in node_modules. A half-finished install leaves none.
want=$(cat package.json package-lock.json | sha256sum | cut -d' ' -f1)
stamp=node_modules/.installed
if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$want" ]; then
  say "up to date"
  exit 0
fi

started=$SECONDS
for attempt in 1 2 3; do
  if npm ci --ignore-scripts --no-audit --no-fund --loglevel=error </dev/null && complete; then
    printf '%s' "$want" >"$stamp"
    say "installed in $((SECONDS - started)) s"
    exit 0
  fi
  say "npm ci failed (attempt $attempt of 3)" >&2
  sleep $((attempt * 5))
done
exit 1
