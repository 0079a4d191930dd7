"""The command line: ``python -m nn --help`` lists the commands."""

import argparse
import json
import os
import platform
import sys
import tempfile
import webbrowser
from dataclasses import replace
from functools import partial
from pathlib import Path

from .tasks import TASKS
from .tasks._task import get
from .training import predict
from .weights import write_file

EXTRAS = {  # module: the extra that installs it
    "matplotlib": "commands",
    "tqdm": "commands",
    "keras": "keras",
    "tensorflow": "keras",
}


def progress(epochs):
    """Return an ``on_epoch``: a bar on a terminal, lines elsewhere."""
    if sys.stdout.isatty():
        from tqdm import tqdm

        bar = tqdm(total=epochs, unit="epoch", file=sys.stdout)

        def on_epoch(epoch, history):
            bar.set_postfix(_last(history), refresh=False)
            bar.update()
            if epoch + 1 == epochs:
                bar.close()

        return on_epoch

    def on_epoch(epoch, history):
        values = "  ".join(f"{k} {v}" for k, v in _last(history).items())
        print(f"epoch {epoch + 1}/{epochs}  {values}", flush=True)

    return on_epoch


def _last(history):
    return {name: f"{values[-1]:.4f}" for name, values in history.items()}


def scores(task, model, pairs):
    """What ``task.evaluate`` says of the training and the test rows."""
    return {
        part: task.evaluate(model, X, y)
        for part, (X, y) in zip(("train", "test"), pairs, strict=False)
    }


def listed(values):
    """Scores as text."""
    return ", ".join(
        f"{name} {value:.4f}" for name, value in values.items()
    )


def to_json(value):
    """Return ``value`` as the bytes of a JSON file."""
    return (json.dumps(value, indent=1) + "\n").encode()


def versions(*packages):
    """Versions of Python, NumPy, and those packages that are installed."""
    from importlib.metadata import PackageNotFoundError, version

    found = {"python": platform.python_version()}
    for package in ("numpy", *packages):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def quiet_tensorflow():
    """Keep TensorFlow's notes on the processor off the terminal."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


def run_data(options):
    """Find or fetch the data of the tasks and print where they are."""
    for task in options.tasks:
        print(f"{task.title} is in {task.locate(options.folder)}")


def run_train(options):
    """Train one network and write the results to a folder."""
    from .figures import png, training_curves

    task = options.task
    settings = task.get_settings(options.settings)
    if options.epochs is not None:
        settings = replace(settings, epochs=options.epochs)
    folder = options.out or Path("runs", task.name)
    folder.mkdir(parents=True, exist_ok=True)
    pairs = task.data(validation=options.validation)
    X, y = pairs[0]
    model, history, seconds = task.train(
        settings,
        X,
        y,
        options.seed,
        validation=pairs[2] if options.validation else None,
        on_epoch=progress(settings.epochs),
    )
    report = {
        "task": task.name,
        "settings": options.settings,
        "epochs": settings.epochs,
        "seed": options.seed,
        "training_rows": len(X),
        "seconds": round(seconds, 2),
        "versions": versions(),
        **scores(task, model, pairs),
        "history": history,
    }
    model.save(folder / "weights.safetensors")
    curves = training_curves(history)[0].figure
    write_file(folder / "curves.png", png(curves))
    write_file(folder / "metrics.json", to_json(report))
    print(f"test: {listed(report['test'])} ({seconds:.0f} s)")
    print(f"written to {folder}/")


def run_predict(options):
    """Print what the network says of each row in the files."""
    task = options.task
    model = task.load(options.settings, path=options.weights)
    for path in options.files:
        for line in task.describe(path, predict(model, task.read(path))):
            print(line)


def run_preview(options):
    """Draw a task's training rows."""
    from .figures import png

    task = options.task
    path = options.out or Path("runs", f"{task.name}-preview.png")
    X, y = task.data()[0]
    picture = png(task.preview(X, y))
    path.parent.mkdir(parents=True, exist_ok=True)
    write_file(path, picture)
    print(f"written to {path}")


def run_demo(options):
    """Write the interactive figure as a page of its own and open it."""
    task = options.task
    page = task.demo(task.load(path=options.weights)).page()
    path = options.out or Path(
        tempfile.mkdtemp(prefix="nn-"), f"{task.name}.html"
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    write_file(path, page.encode())
    print(f"written to {path}")
    if not options.no_open and not webbrowser.open(path.resolve().as_uri()):
        print("no browser could be started here: open the file in one")


def run_compare(options):
    """Print how far ours and Keras diverge, step for step."""
    quiet_tensorflow()
    from .keras.twin import compare_all

    settings = options.task.get_settings(options.settings)
    if options.no_dropout:
        settings = replace(settings, dropout=0.0)
    compare_all(options.task, settings, seed=options.seed)


def run_baseline(options):
    """Train plain Keras and print the scores of its predictions."""
    quiet_tensorflow()
    from .keras.baseline import train_baseline

    task, pairs = options.task, options.task.data()
    model, _, seconds = train_baseline(task, *pairs[0], options.seed)
    for part, values in scores(task, model, pairs).items():
        print(f"{part}: {listed(values)}")
    print(f"({seconds:.0f} s)")


def positive_int(text):
    """An integer of 1 or more, for argparse."""
    value = int(text)
    if value < 1:
        raise ValueError
    return value


def option(flag, kind, metavar, text, default=None):
    """The name and the keywords of ``add_argument``, for an option."""
    keywords = {"type": kind, "metavar": metavar, "default": default}
    return flag, {"help": text, **keywords}


def switch(flag, text):
    """The same for an option without a value."""
    return flag, {"action": "store_true", "help": text}


def add_command(commands, name, run, text, *arguments, **more):
    """Add a command that calls ``run`` with its options."""
    sub = commands.add_parser(name, help=text, description=text, **more)
    sub.set_defaults(run=run)
    for flag, keywords in arguments:
        sub.add_argument(flag, **keywords)


def parser(tasks):
    """The command line, with every option's default in its help."""

    def known(name):
        try:
            return get(tasks, name, "the task")
        except ValueError as error:
            raise argparse.ArgumentTypeError(error) from None

    def settings(default):
        names = dict.fromkeys(s for t in tasks.values() for s in t.settings)
        text = f"one of {', '.join(names)} (default: {default})"
        return option("--settings", str, "NAME", text, default)

    one = (
        "task",
        {"type": known, "metavar": "TASK", "help": " or ".join(tasks)},
    )
    some = (
        "tasks",
        {
            "type": known,
            "metavar": "TASK",
            "nargs": "*",
            "default": [*tasks.values()],
            "help": f"{' or '.join(tasks)} (default: all)",
        },
    )
    files = (
        "files",
        {
            "metavar": "FILE",
            "nargs": "+",
            "help": "; ".join(
                f"for {t.name}, {t.files}" for t in tasks.values()
            ),
        },
    )
    seed = option("--seed", int, "N", "default: 0", 0)
    own = "weights of your own (default: those of the package)"
    weights = option("--weights", Path, "FILE", own)
    examples = ["examples:", "  python -m nn data"]
    for name, task in tasks.items():
        examples += [
            f"  python -m nn train {name} --settings classic --seed 3",
            f"  python -m nn predict {name} {task.example}",
        ]
    top = argparse.ArgumentParser(
        prog="python -m nn",
        description="Train, use and compare the networks of the tasks.",
        epilog="\n".join(examples),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    add = partial(add_command, commands)
    add(
        "data",
        run_data,
        "find or fetch the data of the tasks",
        some,
        option("--folder", Path, "DIR", "look here first"),
    )
    add(
        "train",
        run_train,
        "train a network into runs/<task>/",
        one,
        settings("tuned"),
        seed,
        option("--epochs", positive_int, "N", "default: by settings"),
        option(
            "--validation",
            float,
            "FRACTION",
            "fraction of the training rows to set aside and follow, for "
            "example 0.1 (default: 0, train on all of them)",
            0.0,
        ),
        option("--out", Path, "DIR", "default: runs/<task>"),
    )
    add(
        "predict",
        run_predict,
        "print what a trained network says of new rows",
        one,
        files,
        settings("tuned"),
        weights,
    )
    add(
        "compare",
        run_compare,
        "train ours and Keras step for step; print how far they diverge",
        one,
        settings("classic"),
        seed,
        switch("--no-dropout", "default: Keras gets our dropout masks"),
    )
    about = "train plain Keras on the same rows"
    add("baseline", run_baseline, about, one, seed)
    add(
        "preview",
        run_preview,
        "draw a task's training rows",
        one,
        option("--out", Path, "PNG", "default: runs/<task>-preview.png"),
    )
    add(
        "demo",
        run_demo,
        "try a trained network by hand, in the browser",
        one,
        weights,
        option("--out", Path, "HTML", "default: a temporary file"),
        switch("--no-open", "do not open a browser"),
    )
    return top


def main(arguments=None, tasks=TASKS):
    """Run the command line; return the exit code."""
    options = parser(tasks).parse_args(arguments)
    try:
        options.run(options)
    except (ValueError, OSError) as error:
        print(f"nn: {error}", file=sys.stderr)
        return 1
    except ModuleNotFoundError as error:
        if error.name not in EXTRAS:
            raise
        print(
            f"nn: this command needs {error.name}; in a clone: "
            f'pip install -e ".[{EXTRAS[error.name]}]"',
            file=sys.stderr,
        )
        return 1
    except KeyboardInterrupt:
        print("nn: stopped", file=sys.stderr)
        return 130
    return 0
