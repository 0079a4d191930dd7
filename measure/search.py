"""The settings of every task, ranked on validation rows alone.

Every combination of a grid is trained on the training rows without their
last tenth and scored on that tenth; test rows are not looked at. What was
tried, with every score, is in ``results/search.json``: the next call
continues from there.
"""

import json
import statistics
from dataclasses import replace
from itertools import product
from pathlib import Path

from nn import glorot_uniform, he_normal
from nn.cli.options import option, positive_int
from nn.cli.output import to_json
from nn.files import write_file
from nn.tasks import TASKS, california_housing, fashion_mnist

from .tables import grid, significant

ROOT = Path(__file__).resolve().parents[1]
GRIDS = {  # fields of Settings; the others are those of the tuned settings
    "fashion-mnist": {
        "inputs": (fashion_mnist.rescaled, fashion_mnist.standardized),
        "l2": (0.0, 2e-4),
        "dropout": (0.0, 0.1, 0.2),
        "lr": (1e-3, 2e-3),
    },
    "california-housing": {
        "inputs": (
            california_housing.standardized,
            california_housing.logarithms,
            california_housing.fourier,
        ),
        "init": (he_normal, glorot_uniform),
        "l2": (0.0, 1e-4, 3e-4, 1e-3),
        "dropout": (0.0, 0.1),
        "lr": (3e-3, 1e-2),
    },
}
FIRST = 10  # rows of the table, besides those of the package


def text(value):
    """A value of a setting, as the table shows it."""
    return value.__name__ if callable(value) else f"{value:g}"


def label(settings, fields):
    """The fields that the grid varies, as text."""
    return ", ".join(f"{k} {text(getattr(settings, k))}" for k in fields)


def candidates(task):
    """Return each combination of the grid: label -> settings."""
    fields, tuned = GRIDS[task.name], task.settings["tuned"]
    found = (
        replace(tuned, **dict(zip(fields, values, strict=True)))
        for values in product(*fields.values())
    )
    return {label(settings, fields): settings for settings in found}


def measure(task, report, seeds, store, *, log=print):
    """Make the runs that the report lacks; ``store`` after each."""
    (X, y), _, (X_val, y_val) = task.data(validation=0.1)
    runs = report.setdefault(task.name, {})
    for name, settings in candidates(task).items():
        for seed in map(str, seeds):
            scores = runs.setdefault(name, {})
            if seed in scores:
                continue
            model, _, _ = task.train(settings, X, y, int(seed))
            found = task.evaluate(model, X_val, y_val)
            scores[seed] = {k: significant(v) for k, v in found.items()}
            store()
            log(f"{task.name} seed {seed}: {name}: {scores[seed]}")


def table(task, runs):
    """The best candidates, and those that the package calls by name."""
    score = "accuracy" if task.classifies else "r2"
    named = {
        label(settings, GRIDS[task.name]): name
        for name, settings in task.settings.items()
        if replace(settings, label="")
        in (replace(s, label="") for s in candidates(task).values())
    }
    means = {
        name: statistics.mean(run[score] for run in seeds.values())
        for name, seeds in runs.items()
    }
    ranked = sorted(means, key=means.get, reverse=True)
    rows = []
    for rank, name in enumerate(ranked, 1):
        if rank <= FIRST or name in named:
            values = [run[score] for run in runs[name].values()]
            spread = statistics.stdev(values) if len(values) > 1 else 0.0
            number = f"{means[name]:.4f}\u00a0±\u00a0{spread:.4f}"
            rows.append([name, named.get(name, ""), number, str(rank)])
    head = [
        f"{task.title}, {len(ranked)} candidates",
        "settings of the package",
        f"{score.replace('r2', 'R²')} on validation rows",
        "rank",
    ]
    return grid(head, rows)


def tables(report):
    """The tables of all tasks in the report, as Markdown."""
    count = {len(s) for runs in report.values() for s in runs.values()}
    note = (
        f"Mean ± standard deviation over {min(count)} seeds, on the last "
        "tenth of the training rows. Written by `python -m measure search`."
    )
    found = [
        table(t, report[t.name]) for t in TASKS.values() if t.name in report
    ]
    return "\n\n".join([*found, note]) + "\n"


OPTIONS = [
    option("--seeds", positive_int, "N", "default: 3", 3),
    option(
        "--out",
        Path,
        "DIR",
        "default: results/; delete the file there to search anew",
        ROOT / "results",
    ),
]


def run(options):
    """Search what is missing and write the tables."""
    options.out.mkdir(parents=True, exist_ok=True)
    path, report = options.out / "search.json", {}
    if path.is_file():
        report = json.loads(path.read_text(encoding="utf-8"))
    if not options.tables:
        for task in TASKS.values():
            measure(
                task,
                report,
                range(options.seeds),
                lambda: write_file(path, to_json(report)),
            )
    write_file(options.out / "search.md", tables(report).encode())
    print(f"written to {options.out}/")
