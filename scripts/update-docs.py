#!/usr/bin/env python3
"""Writes the tables of configuration keys in docs/ anew, as `spikeloom info --keys KIND` prints them.

    scripts/update-docs.py [BUILD_DIR]    default: build
"""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
# By the option that a section's heading names.
KINDS = {"--chip": "chip", "--energy": "energy", "snn --network": "snn", "noc --config": "noc", "train --config": "train",
         "classify --config": "classify"}
TABLE = re.compile(r"^\| key \| allowed \| default \| meaning \|\n(?:\|.*\n)+", re.MULTILINE)


def keys(build, kind):
    return subprocess.run([build / "spikeloom", "info", "--keys", kind], check=True, text=True,
                          stdout=subprocess.PIPE).stdout


def main():
    build = ROOT / (sys.argv[1] if len(sys.argv) > 1 else "build")
    page = ROOT / "docs" / "configuration.md"
    sections = re.split(r"(?m)^(?=## )", page.read_text())
    for i, section in enumerate(sections):
        kind = next((kind for option, kind in KINDS.items() if option in section.split("\n")[0]), None)
        if kind:
            sections[i] = TABLE.sub(lambda _: keys(build, kind), section)
    page.write_text("".join(sections))

    # Of a chip's keys the network's are docs/noc.md's business.
    core = ROOT / "docs" / "core.md"
    rows = [row for row in keys(build, "chip").splitlines(True) if not row.startswith("| `network.")]
    core.write_text(TABLE.sub(lambda _: "".join(rows), core.read_text()))


main()
