"""Five seeds of every system on both tasks, and the tables made of them.

``measure`` writes ``results/<task>.json`` after each run, so that nothing
is lost when the process ends early: the next call goes on from there.
``tables`` turns the files into the tables of the book and the README.
"""

import json
import platform
import statistics
import time
import warnings
from pathlib import Path

import numpy as np

from ..model import Sequential
from ..weights import write_file

# row name: what the table calls it
OURS = {
    "classic": "`nn`, classic settings",
    "he": "`nn`, He start, no penalty, dropout or decay",
    "better": "`nn`, settings chosen on validation rows",
    "map": "`nn`, the same with waves over the map",
}
PEERS = {
    "twin": "Keras, our weights, batches and masks (classic)",
    "baseline": "Keras as one writes it",
    "sklearn": "scikit-learn's MLP, same sizes",
}
COLUMNS = {  # (part, name): heading, decimals
    "fashion-mnist": {
        ("train", "accuracy"): ("train accuracy", 4),
        ("test", "accuracy"): ("test accuracy", 4),
        ("train", "loss"): ("train loss", 3),
        ("test", "loss"): ("test loss", 3),
    },
    "california-housing": {
        ("train", "loss"): ("train MSE", 3),
        ("test", "loss"): ("test MSE", 3),
        ("test", "mean_absolute_error"): ("test MAE", 3),
        ("test", "r2"): ("test R²", 4),
    },
}
TITLES = {
    "fashion-mnist": "Fashion-MNIST",
    "california-housing": "California Housing",
}
START, END = "<!-- results -->", "<!-- /results -->"


def to_json(value):
    """Return ``value`` as the bytes of a JSON file."""
    return (json.dumps(value, indent=1) + "\n").encode()


def versions(*packages):
    """The versions that a measured number depends on."""
    from importlib.metadata import version

    names = ("numpy", *packages)
    found = {name: version(name) for name in names}
    return {"python": platform.python_version(), **found}


def rounded(history):
    """The history with five significant digits, for a file."""
    return {
        name: [float(f"{value:.5g}") for value in values]
        for name, values in history.items()
    }


def ours(task, name, seed, pairs):
    """One run of ``nn`` with the settings called ``name``."""
    (X, y), (X_test, y_test) = pairs
    model, history, seconds = task.train(task.settings[name], X, y, seed)
    return {
        "seconds": round(seconds, 1),
        "train": task.judge(model, X, y),
        "test": task.judge(model, X_test, y_test),
        "history": rounded(history),
    }


def sklearn_mlp(task, seed, pairs):
    """One run of scikit-learn's network with the same hidden sizes.

    Its own start, Adam, batches of 128 and as many epochs as the classic
    settings; pixels from 0 to 1, housing columns standardised.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier, MLPRegressor

    (X, y), (X_test, y_test) = pairs
    classic = task.settings["classic"]
    prepare = Sequential(*classic.inputs(X)).forward
    classes = task.sizes[-1] > 1
    kind = MLPClassifier if classes else MLPRegressor
    model = kind(
        hidden_layer_sizes=task.sizes[1:-1],
        batch_size=classic.batch_size,
        max_iter=classic.epochs,
        random_state=seed,
    )

    start = time.perf_counter()
    with warnings.catch_warnings():  # it stops at max_iter, as it should
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(prepare(X), y if classes else y.ravel())
    seconds = time.perf_counter() - start

    def judge(X, y):
        if not classes:
            return task.score(model.predict(prepare(X))[:, None], y)
        P = model.predict_proba(prepare(X))
        return task.score(np.log(P + np.finfo(P.dtype).tiny), y)

    return {
        "seconds": round(seconds, 1),
        "train": judge(X, y),
        "test": judge(X_test, y_test),
    }


def peer(task, name, seed, pairs):
    """One run of another library."""
    if name == "sklearn":
        return sklearn_mlp(task, seed, pairs)
    if name == "baseline":
        from .keras_baseline import baseline

        run = baseline(task, seed, pairs)
        return run | {"history": rounded(run["history"])}
    from .keras_twin import twin

    return twin(task, seed, pairs)


def measure(task, folder, seeds, *, say=print):
    """Run what is missing in the task's file; return its contents."""
    path = Path(folder, f"{task.name}.json")
    report = {"task": task.name, "runs": {}}
    if path.is_file():
        report = json.loads(path.read_text(encoding="utf-8"))
    report["versions"] = versions("keras", "tensorflow-cpu", "scikit-learn")
    pairs = task.data()
    for name in (*task.settings, *PEERS):
        runs = report["runs"].setdefault(name, {})
        for seed in seeds:
            if str(seed) in runs:
                continue
            run = ours if name in task.settings else peer
            runs[str(seed)] = run(task, name, seed, pairs)
            write_file(path, to_json(report))
            scores = runs[str(seed)]["test"]
            values = ", ".join(f"{k} {v:.4f}" for k, v in scores.items())
            say(f"{task.name} {name} seed {seed}: {values}")
    return report


def spread(runs, part, name, decimals):
    """Mean ± standard deviation over the seeds, as text."""
    values = [run[part][name] for run in runs.values()]
    mean, deviation = statistics.mean(values), statistics.stdev(values)
    # spaces that do not break, so that the number stays on one line
    return f"{mean:.{decimals}f}\u00a0±\u00a0{deviation:.{decimals}f}"


def table(report):
    """The Markdown table of one task's file."""
    columns = COLUMNS[report["task"]]
    heads = [
        TITLES[report["task"]],
        *(head for head, _ in columns.values()),
    ]
    lines = [
        "| " + " | ".join(heads) + " |",
        "|---" + "|---:" * len(columns) + "|",
    ]
    labels = OURS | PEERS
    for name in (name for name in labels if name in report["runs"]):
        runs = report["runs"][name]
        cells = [
            spread(runs, part, score, decimals)
            for (part, score), (_, decimals) in columns.items()
        ]
        lines.append("| " + " | ".join([labels[name], *cells]) + " |")
    return "\n".join(lines)


def tables(folder):
    """The tables of all tasks that ``folder`` holds a file of."""
    paths = [Path(folder, f"{name}.json") for name in TITLES]
    reports = [
        json.loads(path.read_text(encoding="utf-8"))
        for path in paths
        if path.is_file()
    ]
    seeds = {len(runs) for r in reports for runs in r["runs"].values()}
    note = (
        f"Mean ± standard deviation over {min(seeds)} seeds; losses are "
        "bare, without any penalty. Written by `python -m nn results`."
    )
    return "\n\n".join([*map(table, reports), note]) + "\n"


def between(text, new):
    """``text`` with what stands between the two marks replaced."""
    before, rest = text.split(START)
    _, after = rest.split(END)
    return f"{before}{START}\n{new}{END}{after}"


def write_tables(folder, readme):
    """Write ``accuracy.md`` and the table in the README."""
    new = tables(folder)
    write_file(Path(folder, "accuracy.md"), new.encode())
    text = Path(readme).read_text(encoding="utf-8")
    write_file(readme, between(text, new).encode())
