"""Five seeds of every system on every task, and the tables of accuracy.

``results/<task>.json`` is written after each run, so that nothing is lost
when the process ends early: the next call continues from there, and a run
that the file holds is not repeated. The tables of the book and the README
are made of these files and of nothing else.
"""

import json
import statistics
import time
import warnings
from pathlib import Path

import numpy as np

from nn import Layer, Sequential, figures
from nn.cli.options import option, positive_int, switch
from nn.cli.output import listed, scores, to_json
from nn.cli.packages import quiet_tensorflow, versions
from nn.files import write_file
from nn.keras import train_baseline, train_twin
from nn.tasks import TASKS

from .tables import grid, significant

ROOT = Path(__file__).resolve().parents[1]
PEERS = {  # name: what the tables call it
    "twin": "Keras, our weights, batches and masks (classic)",
    "baseline": "plain Keras",
    "twin-tuned": "Keras, our weights, batches and masks (tuned)",
    "sklearn": "scikit-learn's MLP, same sizes",
}
SAME = ("classic", "twin", "baseline")  # the systems with one setting
PAIRS = (  # systems whose difference is worth a row
    ("twin", "classic"),
    ("baseline", "classic"),
    ("sklearn", "plain"),
    ("tuned", "classic"),
    ("twin-tuned", "tuned"),
)
START, END = "<!-- results -->", "<!-- /results -->"


class SklearnMLP(Layer):
    """scikit-learn's network with the hidden sizes of a task.

    Its own initialization and Adam; batch size, epochs and preparation of
    the rows are the classic ones. ``forward`` gives logits or prices.
    """

    def __init__(self, task, X, y, seed):
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.neural_network import MLPClassifier, MLPRegressor

        classic, self.classifies = task.settings["classic"], task.classifies
        self.prepare = Sequential(*classic.inputs(X)).forward
        kind = MLPClassifier if task.classifies else MLPRegressor
        self.model = kind(
            hidden_layer_sizes=task.sizes[1:-1],
            batch_size=classic.batch_size,
            max_iter=classic.epochs,
            random_state=seed,
        )
        X, y = self.prepare(X), y if task.classifies else y.ravel()
        with warnings.catch_warnings():  # it should stop at max_iter
            warnings.simplefilter("ignore", ConvergenceWarning)
            self.model.fit(X, y)

    def forward(self, X, training=False):
        X = self.prepare(X)
        if not self.classifies:
            return self.model.predict(X)[:, None]
        P = self.model.predict_proba(X)
        return np.log(P + np.finfo(P.dtype).tiny)


def train(task, name, X, y, seed):
    """Train the system ``name``; return it, its history, and seconds."""
    if name in task.settings:
        return task.train(task.settings[name], X, y, seed)
    if name == "baseline":
        return train_baseline(task, X, y, seed)
    if name.startswith("twin"):
        settings = task.settings[name.partition("-")[2] or "classic"]
        twin, seconds = train_twin(task, settings, X, y, seed)
        return twin, {}, seconds
    start = time.perf_counter()
    model = SklearnMLP(task, X, y, seed)
    return model, {}, time.perf_counter() - start


def one_run(task, name, seed, pairs):
    """One run of the system ``name``, as the file keeps it."""
    model, history, seconds = train(task, name, *pairs[0], seed)
    found = {"seconds": round(seconds, 1), **scores(task, model, pairs)}
    if history:
        found["history"] = {
            metric: [significant(value, 5) for value in values]
            for metric, values in history.items()
        }
    return found


def measure(task, folder, seeds, *, log=print):
    """Make the runs that the task's file lacks."""
    path = Path(folder, f"{task.name}.json")
    report = {"task": task.name, "runs": {}}
    if path.is_file():
        report = json.loads(path.read_text(encoding="utf-8"))
    report["versions"] = versions("keras", "tensorflow-cpu", "scikit-learn")
    pairs = task.data()
    for name in (*task.settings, *PEERS):
        runs = report["runs"].setdefault(name, {})
        for seed in map(str, seeds):
            if seed in runs:
                continue
            runs[seed] = one_run(task, name, int(seed), pairs)
            write_file(path, to_json(report))
            test = listed(runs[seed]["test"])
            log(f"{task.name} {name} seed {seed}: {test}")


def mean_and_deviation(runs, part, name, decimals):
    """Mean ± standard deviation over the seeds, as text."""
    values = [run[part][name] for run in runs.values()]
    mean, deviation = statistics.mean(values), statistics.stdev(values)
    # spaces that do not break, so that the number stays on one line
    return f"{mean:.{decimals}f}\u00a0±\u00a0{deviation:.{decimals}f}"


def labels(task):
    """What the tables call each system, in their order."""
    ours = {k: f"`nn`, {s.label}" for k, s in task.settings.items()}
    return ours | PEERS


def table(task, report, title, names):
    """The Markdown table of some systems of one task's file."""
    rows = [
        [label]
        + [
            mean_and_deviation(report["runs"][name], *score, decimals)
            for score, (_, decimals) in task.columns.items()
        ]
        for name, label in labels(task).items()
        if name in names and name in report["runs"]
    ]
    heads = [head for head, _ in task.columns.values()]
    return grid([f"{task.title}: {title}", *heads], rows)


def differences(task, report):
    """The table of differences, seed by seed, with 95 % intervals."""
    from scipy.stats import t

    tested = [c for c in task.columns.items() if c[0][0] == "test"]
    (part, metric), (head, decimals) = max(tested, key=lambda c: c[1][1])
    rows = []
    for one, other in PAIRS:
        runs = [report["runs"].get(name, {}) for name in (one, other)]
        seeds = [seed for seed in runs[0] if seed in runs[1]]
        if len(seeds) < 2:
            continue
        values = [
            runs[0][seed][part][metric] - runs[1][seed][part][metric]
            for seed in seeds
        ]
        half = t.ppf(0.975, len(values) - 1) * statistics.stdev(values)
        half /= len(values) ** 0.5
        mean = statistics.mean(values)
        shown = [
            f"{round(value, decimals) + 0:+.{decimals}f}".replace("-", "−")
            for value in (mean, mean - half, mean + half)
        ]  # + 0: no -0.0000
        names = [labels(task)[name] for name in (one, other)]
        rows.append([*names, shown[0], "\u00a0to ".join(shown[1:])])
    heads = ["minus", f"difference in {head}", "95 % interval"]
    return grid([task.title, *heads], rows)


def reports(folder):
    """Yield each task of which ``folder`` holds a file, and the file."""
    for task in TASKS.values():
        path = Path(folder, f"{task.name}.json")
        if path.is_file():
            yield task, json.loads(path.read_text(encoding="utf-8"))


def tables(folder, *, paired=True):
    """The tables of all tasks that ``folder`` holds a file of.

    With ``paired``, the differences between systems follow.
    """
    found = [*reports(folder)]
    seeds = {len(runs) for _, r in found for runs in r["runs"].values()}
    note = (
        f"Mean ± standard deviation over {min(seeds)} seeds; losses are "
        "without any penalty. "
        + "Differences are taken seed by seed, with Student's interval. "
        * paired
        + "Written by `python -m measure accuracy`."
    )
    parts = []
    for task, report in found:
        others = [name for name in labels(task) if name not in SAME]
        parts += [
            table(task, report, "the same settings", SAME),
            table(task, report, "what choosing settings gained", others),
        ]
    if paired:
        parts += [differences(task, report) for task, report in found]
    return "\n\n".join([*parts, note]) + "\n"


def curves(report):
    """Training losses of ours and of plain Keras, all seeds, a figure.

    Both losses contain the penalty, and dropout is on in both: they are
    the losses of training, not those of the tables.
    """
    fig, ax = figures.subplots(figsize=(6.4, 3.4))
    for name, label, colour, style in (
        ("classic", "nn, classic", figures.BLUE, "-"),
        ("baseline", PEERS["baseline"], figures.VERMILLION, "--"),
        ("tuned", "nn, tuned", figures.GREEN, ":"),
    ):
        for run in report["runs"][name].values():
            losses = run["history"]["loss"]
            epochs = range(1, len(losses) + 1)
            ax.plot(epochs, losses, style, color=colour, label=label)
            label = None  # one entry in the legend for all seeds
    ax.set(xlabel="epoch", ylabel="training loss", yscale="log")
    ax.legend()
    return fig


def fill_in(text, new):
    """``text`` with everything between the two marks replaced."""
    before, rest = text.split(START)
    _, after = rest.split(END)
    return f"{before}{START}\n{new}{END}{after}"


def ship():
    """Train with all settings and put the weights into the package.

    The seed, 0, is fixed beforehand: it is not the best of several.
    """
    for task in TASKS.values():
        for name, settings in task.settings.items():
            model, _, _ = task.train(settings, *task.data()[0], seed=0)
            model.save(task.shipped(name))


OPTIONS = [
    option("--seeds", positive_int, "N", "default: 5", 5),
    option(
        "--out",
        Path,
        "DIR",
        "default: results/; delete a file there to measure anew",
        ROOT / "results",
    ),
    option(
        "--readme",
        Path,
        "FILE",
        "its table is written too (default: README.md)",
        ROOT / "README.md",
    ),
    switch("--ship", "train with seed 0, put the weights into the package"),
]


def run(options):
    """Measure what is missing; write the tables and the curves."""
    quiet_tensorflow()
    folder, readme = options.out, options.readme.read_text(encoding="utf-8")
    folder.mkdir(parents=True, exist_ok=True)
    if not options.tables:
        for task in TASKS.values():
            measure(task, folder, range(options.seeds))
    if options.ship:
        ship()
    for task, report in reports(folder):
        path = folder / f"{task.name}-curves.png"
        write_file(path, figures.png(curves(report)))
    new = tables(folder)
    write_file(folder / "accuracy.md", new.encode())
    new = tables(folder, paired=False)
    write_file(options.readme, fill_in(readme, new).encode())
    print(f"written to {folder}/ and {options.readme}")
