"""The time of an epoch of ``nn`` and of its peers, in turns."""

import json
import os
import platform
import subprocess
import sys
import time
from pathlib import Path

from nn.cli.options import option, positive_int, switch
from nn.cli.output import to_json
from nn.cli.packages import versions
from nn.files import write_file
from nn.tasks import TASKS

from .systems import SYSTEMS
from .tables import significant, tables
from .turns import ROOT, Budget, environment, race

BATCHES = (32, 128, 512, 2048)
WIDTHS = (128, 512, 2048)
GROWING = ("nn", "nn-before", "floor", "torch", "keras-tuned", "jax")
PACKAGES = ("keras", "tensorflow-cpu", "torch", "jax", "scikit-learn")


def machine():
    """The processor and how many of them there are."""
    name = platform.processor() or platform.machine()
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        name = next(s.split(": ")[1] for s in lines if "model name" in s)
    except (OSError, StopIteration):
        pass
    return {"processor": name, "processors": os.cpu_count()}


def import_seconds(rounds, budget):
    """Seconds that a new Python takes with one import, in turns."""
    codes = {"nothing": "pass", "numpy": "import numpy", "nn": "import nn"}
    found = {name: [] for name in codes}
    for _ in range(rounds):
        for name, code in codes.items():
            budget.wait(limit=1.0)
            start = time.perf_counter()
            command = [sys.executable, "-c", code]
            subprocess.run(command, check=True, env=environment(1))
            found[name].append(significant(time.perf_counter() - start))
    return found


def case(task, threads, *, sizes=None, batch=128, rows=None):
    """What all systems train: the task with its classic settings."""
    classic = task.settings["classic"]
    return {
        "task": task.name,
        "classifies": task.classifies,
        "sizes": sizes or task.sizes,
        "batch": batch,
        "threads": threads,
        "rows": rows,
        "l2": classic.l2,
        "dropout": classic.dropout,
        "lr": classic.lr,
        "lr_decay": classic.lr_decay,
    }


def measure(options, path, *, log=print):
    """Run every part and store the report after each."""
    rounds = 2 if options.quick else options.rounds
    rows = 6400 if options.quick else None
    budget = Budget(0 if options.quick else options.patience)
    systems = {name: {} for name in options.systems}
    if "nn-before" in systems:
        systems["nn-before"] = {"before": str(options.before.resolve())}
    report = {
        "machine": machine(),
        "versions": versions(*PACKAGES),
        "quick": options.quick,
        "load": {"before": round(os.getloadavg()[0], 2)},
        "races": [],
        "scaling": {"batch": [], "width": []},
    }

    def keep(found, races):
        races.append(found)
        report["load"] |= {"after": round(os.getloadavg()[0], 2)}
        counts = {"turns": budget.turns, "disturbed": budget.disturbed}
        report["noise"] = counts
        write_file(path, to_json(report))

    report["imports"] = import_seconds(3 * rounds, budget)
    for threads in options.threads:
        for task in TASKS.values():
            log(f"{task.name}, threads: {threads}")
            found = race(
                case(task, threads, rows=rows),
                systems,
                rounds,
                budget,
                predictions=rounds,
                log=log,
            )
            keep(found, report["races"])
        if threads == options.threads[0]:
            growing = {k: systems[k] for k in GROWING if k in systems}
            for kind, what in growth(options):
                log(f"sizes {what['sizes']}, batch size {what['batch']}")
                few = 2 if options.quick else max(3, rounds // 2)
                found = race(what, growing, few, budget, log=log)
                keep(found, report["scaling"][kind])


def growth(options):
    """Yield the cases in which batches and layers grow, and their kind."""
    task = TASKS["fashion-mnist"]
    n_in, *_, n_out = task.sizes
    few = {"rows": 2048 if options.quick else 8192}
    stop = 2 if options.quick else None
    for batch in BATCHES[:stop]:
        yield "batch", case(task, options.threads[0], batch=batch, **few)
    for w in WIDTHS[:stop]:
        sizes = (n_in, w, w, n_out)
        yield "width", case(task, options.threads[0], sizes=sizes, **few)


def numbers(text):
    """Integers separated by commas, for argparse."""
    return [int(n) for n in text.split(",")]


def names(text):
    """Names separated by commas, for argparse."""
    return text.split(",")


OPTIONS = [
    switch("--quick", "a trial of a few minutes, with few rows"),
    option("--rounds", positive_int, "N", "default: 9", 9),
    option(
        "--patience",
        float,
        "S",
        "seconds to wait, in all, for a quiet machine (default: 1200)",
        1200,
    ),
    option(
        "--threads",
        numbers,
        "N,M",
        "threads for the libraries; the first are for the scaling",
        [1],
    ),
    option("--out", Path, "DIR", "default: results/", ROOT / "results"),
    option("--systems", names, "A,B", f"some of {', '.join(SYSTEMS)}"),
    option(
        "--before",
        Path,
        "PATH",
        "a checkout of an older commit, whose nn is nn-before",
    ),
]


def check_systems(options):
    """Fill in the default; ValueError for systems that cannot race."""
    before = options.before
    if before and not (before / "nn" / "__init__.py").is_file():
        raise ValueError(
            f"--before must be a folder with a package nn, but is {before}"
        )
    able = [name for name in SYSTEMS if before or name != "nn-before"]
    options.systems = options.systems or able
    if not {"nn", "floor"} <= {*options.systems} <= {*able}:
        raise ValueError(
            f"--systems must be nn, floor and others of {','.join(able)}, "
            f"but is {','.join(options.systems)}; nn-before needs --before"
        )


def run(options):
    """Race, and write the report and its tables."""
    check_systems(options)
    options.out.mkdir(parents=True, exist_ok=True)
    path = options.out / "benchmark.json"
    if not options.tables:
        measure(options, path)
    text = tables(json.loads(path.read_text(encoding="utf-8")))
    write_file(path.with_suffix(".md"), text.encode())
    if not options.tables:
        print(text)
