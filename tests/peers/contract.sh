#!/usr/bin/env bash
# Tests the public feed's HTTP API against its own OpenAPI document with schemathesis (contract.txt pins every package).
#   ./contract.sh install            makes the environment, once per contract.txt; needs python 3.10 or later
#   ./contract.sh run URL CONFIG     asks the server at URL; CONFIG names a schemathesis.toml with parameters that exist
set -euo pipefail
cd "$(dirname "$0")"
environment=contract_env

case "${1:-}" in
  install)
    want=$(sha256sum contract.txt | cut -d' ' -f1)
    stamp=$environment/.installed
    if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$want" ]; then
      echo "contract: up to date"
      exit 0
    fi
    rm -rf "$environment"
    if ! python3 -m venv "$environment" 2>/dev/null; then
      if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
        echo "contract: python 3.10 with venv is needed; install it (Debian: apt-get install python3-venv)" >&2
        exit 1
      fi
      export DEBIAN_FRONTEND=noninteractive
      apt-get update -qq </dev/null
      apt-get install -y -qq --no-install-recommends python3-venv </dev/null
      rm -rf "$environment"
      python3 -m venv "$environment"
    fi
    "$environment/bin/pip" install --quiet --disable-pip-version-check --no-deps -r contract.txt
    printf '%s' "$want" >"$stamp"
    echo "contract: installed"
    ;;
  run)
    url=$2
    # Streams never end; they have tests of their own.
    exec "$environment/bin/st" --config-file "$3" run "$url/v1/openapi.json" \
      --exclude-path /v1/events --checks all --phases examples,coverage,fuzzing --max-examples 12 \
      --request-timeout 20 --seed 1 --no-color --workers 1
    ;;
  *)
    echo "usage: contract.sh install | run URL CONFIG" >&2
    exit 2
    ;;
esac
