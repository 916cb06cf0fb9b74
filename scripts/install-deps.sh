#!/usr/bin/env bash
# Installs what spikeloom is built, tested and run with: Debian 12 packages, each named here and nowhere
# else. Skips what is present; asks apt only when something is missing.
set -euo pipefail

packages=(
    # the toolchain
    g++ cmake ninja-build pkg-config ca-certificates
    # what the program is built on
    libsystemc-dev libeigen3-dev libboost-dev libboost-program-options-dev libyaml-cpp-dev nlohmann-json3-dev libzip-dev
    libutf8proc-dev
    # the report's plots, made when the program runs
    gnuplot-nox
    # tests, benchmarks and checks of the code
    catch2 libbenchmark-dev clang-format clang-tidy
    # recorded network traces that tests compare with are packed
    xz-utils
)
# The demo's text comes from the npm registry; a node that was not installed by apt serves as well.
command -v npm >/dev/null || packages+=(npm)

missing=()
for package in "${packages[@]}"; do
    status=$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$status" = installed ] || missing+=("$package")
done
if [ ${#missing[@]} -eq 0 ]; then
    exit 0
fi

as_root=()
[ "$(id -u)" = 0 ] || as_root=(sudo)
echo "installing: ${missing[*]}" >&2
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2
