"""Measure ``nn`` beside its peers and write the tables.

python -m benchmarks            everything, about half an hour
python -m benchmarks --quick    a trial of a few minutes, few rows
python -m benchmarks --tables   only the tables, from the stored file
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from nn.weights import write_file

from .race import Patience, digits, environment, race
from .systems import SYSTEMS
from .tables import tables

ROOT = Path(__file__).resolve().parents[1]
SIZES = {
    "fashion-mnist": (784, 128, 64, 10),
    "california-housing": (8, 64, 32, 1),
}
BATCHES = (32, 128, 512, 2048)
WIDTHS = (128, 512, 2048)
GROWING = ("nn", "floor", "torch", "keras-tuned", "jax")
PACKAGES = (
    "numpy",
    "keras",
    "tensorflow-cpu",
    "torch",
    "jax",
    "scikit-learn",
)


def machine():
    """The processor, the number of threads, and Python."""
    name = platform.processor() or platform.machine()
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        name = next(s.split(": ")[1] for s in lines if "model name" in s)
    except (OSError, StopIteration):
        pass
    return {"processor": name, "processors": os.cpu_count()}


def versions():
    """Versions of Python and of the libraries that are installed."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def import_seconds(rounds, patience):
    """Seconds that a new Python takes with one import, in turns."""
    codes = {"nothing": "pass", "numpy": "import numpy", "nn": "import nn"}
    found = {name: [] for name in codes}
    for _ in range(rounds):
        for name, code in codes.items():
            patience.wait(limit=1.0)
            start = time.perf_counter()
            command = [sys.executable, "-c", code]
            subprocess.run(command, check=True, env=environment(1))
            found[name].append(digits(time.perf_counter() - start))
    return found


def measure(options, path, *, say=print):
    """Run every part and store the report after each."""
    rounds = 2 if options.quick else options.rounds
    rows = 6400 if options.quick else None
    patience = Patience(0 if options.quick else options.patience)
    report = {
        "machine": machine(),
        "versions": versions(),
        "quick": options.quick,
        "load": {"before": round(os.getloadavg()[0], 2)},
        "races": [],
        "scaling": {"batch": [], "width": []},
    }

    def store():
        turns, noisy = patience.turns, patience.noisy
        report["load"] |= {"after": round(os.getloadavg()[0], 2)}
        report["noise"] = {"turns": turns, "disturbed": noisy}
        text = json.dumps(report, indent=1) + "\n"
        write_file(path, text.encode())

    report["imports"] = import_seconds(3 * rounds, patience)
    for threads in options.threads:
        for task, sizes in SIZES.items():
            say(f"{task}, threads: {threads}")
            case = {"task": task, "sizes": sizes, "batch": 128}
            case |= {"threads": threads, "rows": rows}
            found = race(
                case,
                options.systems,
                rounds,
                patience,
                predictions=rounds,
                say=say,
            )
            report["races"].append(found)
            store()
        if threads == options.threads[0]:
            names = [n for n in GROWING if n in options.systems]
            grow(report, names, options, patience, store, say)
    return report


def grow(report, names, options, patience, store, say):
    """Race on a part of Fashion-MNIST as batches and layers grow."""
    base = {"task": "fashion-mnist", "threads": options.threads[0]}
    base |= {"rows": 2048 if options.quick else 8192}
    rounds = 2 if options.quick else max(3, options.rounds // 2)
    cases = {
        "batch": [(SIZES["fashion-mnist"], batch) for batch in BATCHES],
        "width": [((784, w, w, 10), 128) for w in WIDTHS],
    }
    for kind, pairs in cases.items():
        for sizes, batch in pairs[: 2 if options.quick else None]:
            say(f"sizes {sizes}, batch size {batch}")
            case = {**base, "sizes": sizes, "batch": batch}
            found = race(case, names, rounds, patience, say=say)
            report["scaling"][kind].append(found)
            store()


def main(arguments=None):
    """Run the command; return the exit code."""
    summary, usage = __doc__.split("\n\n")
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=summary,
        epilog=usage,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--quick", action="store_true", help="a trial")
    parser.add_argument(
        "--tables", action="store_true", help="measure nothing"
    )
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument(
        "--patience",
        type=float,
        default=1200,
        metavar="S",
        help="seconds to wait, in all, for a quiet machine",
    )
    parser.add_argument(
        "--threads",
        type=lambda text: [int(n) for n in text.split(",")],
        default=[1, 2] if os.cpu_count() > 1 else [1],
        metavar="N,M",
        help="threads for the libraries; the first are for the scaling",
    )
    parser.add_argument("--out", type=Path, default=ROOT / "results")
    parser.add_argument(
        "--systems",
        type=lambda text: text.split(","),
        default=[*SYSTEMS],
        help=f"some of {','.join(SYSTEMS)}",
    )
    options = parser.parse_args(arguments)
    unknown = {*options.systems} - {*SYSTEMS}
    if unknown or not {"nn", "floor"} <= {*options.systems}:
        parser.error(
            "--systems expects nn, floor and others of "
            f"{','.join(SYSTEMS)}, got {','.join(options.systems)}"
        )
    options.out.mkdir(parents=True, exist_ok=True)
    path = options.out / "benchmark.json"
    if not options.tables:
        measure(options, path)
    report = json.loads(path.read_text(encoding="utf-8"))
    text = tables(report)
    write_file(options.out / "benchmark.md", text.encode())
    if not options.tables:
        print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
