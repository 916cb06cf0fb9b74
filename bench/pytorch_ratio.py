"""How many times as fast as PyTorch the float model trains and evaluates: both run the same models on the same batches,
by turns, and must arrive at the same loss and gradient.

    python3 bench/pytorch_ratio.py [--build build] [--threads 2] [--shape LAYERSxCHANNELSxBATCHxLENGTH ...]

Needs build/reference_bench and what bench/pytorch_spikegpt.py needs. Of every figure the best of all rounds counts, on
both sides.
"""
import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

SHAPES = ["3x128x4x128", "4x256x4x256", "12x512x8x256", "12x512x2x1024"]
HERE = pathlib.Path(__file__).resolve().parent


def run(*command):
    return json.loads(subprocess.run([str(part) for part in command], check=True, stdout=subprocess.PIPE).stdout)


def relative(a, b):
    return abs(a - b) / abs(b)


def compare(shape, options, directory):
    layers, channels, batch, length = shape.split("x")
    file = directory / "model.safetensors"
    ours, theirs = {}, {}
    for _ in range(options.rounds):
        common = ["--threads", options.threads, "--repeat", options.repeat]
        new = run(options.build / "reference_bench", "--out", file, "--layers", layers, "--channels", channels,
                  "--batch", batch, "--length", length, *common)
        old = run(options.python, HERE / "pytorch_spikegpt.py", file, *common)
        for best, now in ((ours, new), (theirs, old)):
            for key, value in now.items():
                best[key] = max(best.get(key, 0.0), value) if key.endswith("second") else value
    differences = {key: relative(ours[key], theirs[key]) for key in ("loss", "first_gradient_norm", "last_step_loss")}
    if differences["loss"] > 1e-5 or differences["first_gradient_norm"] > 1e-3:
        sys.exit(f"{shape}: not the same model: {ours} against {theirs}")
    row = [shape]
    for what in ("training", "evaluation"):
        key = what + "_tokens_per_second"
        row += [f"{ours[key]:.0f}", f"{theirs[key]:.0f}", f"{ours[key] / theirs[key]:.1f}"]
    return row + [f"{difference:.1e}" for difference in differences.values()]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=HERE.parent / "build")
    parser.add_argument("--python", default="/usr/bin/python3", help="one that has PyTorch")
    parser.add_argument("--threads", default=2)
    parser.add_argument("--repeat", default=3, help="steps and evaluations a round")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--shape", nargs="+", default=SHAPES)
    options = parser.parse_args()
    heading = ["layers x channels x batch x length", "training, tokens/s", "PyTorch", "ratio", "evaluation, tokens/s",
               "PyTorch", "ratio", "difference of the loss", "of the gradient's norm", "of the last step's loss"]
    print("| " + " | ".join(heading) + " |\n|" + "---|" * len(heading))
    with tempfile.TemporaryDirectory() as directory:
        for shape in options.shape:
            print("| " + " | ".join(compare(shape, options, pathlib.Path(directory))) + " |", flush=True)


if __name__ == "__main__":
    main()
