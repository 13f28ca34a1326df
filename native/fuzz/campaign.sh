#!/bin/sh
# A libFuzzer campaign of one target: native/fuzz/campaign.sh TARGET [SECONDS] [libFuzzer options]
#
# Coverage instrumentation and AddressSanitizer are not stable in rustc, so it is told once that this is allowed
# (RUSTC_BOOTSTRAP); no nightly toolchain and no cargo-fuzz are needed, only a C++ compiler for libFuzzer itself.
# New inputs go to native/fuzz/found/TARGET, failing ones to native/fuzz/artifacts/TARGET. To keep a failing one as a
# regression test, copy it to native/fuzz/corpus/TARGET: every `cargo test` replays that folder.
set -eu

cd "$(dirname "$0")"
if [ $# -lt 1 ] || [ ! -f "fuzz_targets/$1.rs" ]; then
    echo "usage: native/fuzz/campaign.sh TARGET [SECONDS] [libFuzzer options]" >&2
    echo "targets: $(basename -s .rs fuzz_targets/*.rs | tr '\n' ' ')" >&2
    exit 2
fi
if ! command -v c++ >/dev/null; then
    echo "c++ is missing: libFuzzer is built from C++ (Debian: apt install g++)" >&2
    exit 1
fi
target=$1
seconds=${2:-60}
[ $# -ge 2 ] && shift
shift

triple=$(rustc -vV | sed -n 's/^host: //p')
export RUSTC_BOOTSTRAP=1
export RUSTFLAGS="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
-Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1 -Zsanitizer=address --cfg fuzzing"
cargo build --release --locked --target "$triple" --bin "$target"

mkdir -p "found/$target" "artifacts/$target"
exec "target/$triple/release/$target" -max_total_time="$seconds" -max_len=65536 -artifact_prefix="artifacts/$target/" "$@" \
    "found/$target" "corpus/$target"
