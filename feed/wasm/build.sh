#!/bin/sh
# Builds the page's verifier: feed/server/assets/verify.wasm. The same sources, compilers and lock file give the same bytes.
#
# Needs the target wasm32-unknown-unknown and clang, which compiles blst's C; both are installed here where that is possible.
set -eu
cd "$(dirname "$0")/../.."

if ! rustup target list --installed | grep -qx wasm32-unknown-unknown; then
    rustup target add wasm32-unknown-unknown
fi
if ! command -v clang >/dev/null; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        apt-get install -y --no-install-recommends clang lld llvm
    else
        echo "build.sh: clang is not installed; install it, then run this again" >&2
        exit 1
    fi
fi

root=$(pwd)
home=${CARGO_HOME:-$HOME/.cargo}
target=${CARGO_TARGET_DIR:-$root/target}
sysroot=$(rustc --print sysroot)
# Nothing here draws randomness; a build that tries to fails instead of asking the page for it.
export CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS="--cfg getrandom_backend=\"unsupported\" \
--remap-path-prefix=$root=/src --remap-path-prefix=$home=/cargo --remap-path-prefix=$sysroot=/rust"
export CC_wasm32_unknown_unknown=clang
export CFLAGS_wasm32_unknown_unknown="-Os -ffile-prefix-map=$root=/src -ffile-prefix-map=$home=/cargo"
command -v llvm-ar >/dev/null && export AR_wasm32_unknown_unknown=llvm-ar

cargo build --locked -p feed-wasm --lib --profile wasm --target wasm32-unknown-unknown
built=$target/wasm32-unknown-unknown/wasm/feed_wasm.wasm
mkdir -p feed/server/assets
cp "$built" feed/server/assets/verify.wasm
ls -l feed/server/assets/verify.wasm
