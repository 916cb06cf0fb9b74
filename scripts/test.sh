#!/usr/bin/env bash
# Installs what is missing, builds, and passes every test: format, static analysis, the tests under the
# sanitizers, the tests of the release build. From a fresh Debian 12 with only git.
set -euo pipefail
cd "$(dirname "$0")/.."

jobs=$(nproc)
say() { printf '\n== %s\n' "$*"; }

scripts/install-deps.sh

say "format"
mapfile -t sources < <(git ls-files '*.cpp' '*.hpp')
clang-format --dry-run -Werror "${sources[@]}"

say "release build"
cmake --preset release >/dev/null
cmake --build --preset release -j "$jobs"

say "static analysis"
# A configuration without tests: its compile commands list the product's translation units.
cmake --preset release -B build-tidy -DSPIKELOOM_TESTS=OFF -DSPIKELOOM_BENCH=OFF >/dev/null
sed -n 's/^ *"file": "\(.*\)".*/\1/p' build-tidy/compile_commands.json |
    xargs -P "$jobs" -n 1 clang-tidy --quiet -p build-tidy 2>/dev/null

say "tests under AddressSanitizer and UndefinedBehaviourSanitizer"
cmake --preset asan >/dev/null
cmake --build --preset asan -j "$jobs"
ctest --preset asan -j "$jobs"

say "tests of the release build"
ctest --preset release -j "$jobs"
