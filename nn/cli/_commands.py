"""The commands that use a trained network, or show and compare."""

import sys
import webbrowser
from argparse import Namespace
from dataclasses import replace
from pathlib import Path

from ..datasets._text import printable
from ..tasks import Task
from ..training import predict
from ..typing import Array
from ._process import reason, tell
from .output import listed, need_progress, progress, say, scores, written
from .packages import need, need_keras, versions


def run_version(options: Namespace) -> None:
    """Print the versions that a report of an error should name."""
    found = versions()
    text = ", ".join(f"{name} {version}" for name, version in found.items())
    say(options, text, found)


def run_data(options: Namespace) -> None:
    """Find or fetch the data of the tasks and print where they are."""
    for task in options.tasks:
        folder = str(task.locate(options.folder))
        record = {"task": task.name, "folder": folder}
        say(options, f"{task.title} is in {folder}", record)


def run_evaluate(options: Namespace) -> None:
    """Print the scores of a trained network on all rows of its task."""
    task = options.task
    settings, path = task.find(options.settings, path=options.weights)
    model = task.load(settings, path=options.weights)
    found = scores(task, model, task.data())
    text = "\n".join(
        f"{p}: {listed(values)}" for p, values in found.items()
    )
    named = {"task": task.name, "settings": settings, "weights": str(path)}
    say(options, text, named | found)


def run_predict(options: Namespace) -> None:
    """Print what the network says of each row in the files.

    A file that cannot be used does not stop the others.
    """
    task, failed = options.task, []
    model = task.load(options.settings, path=options.weights)
    paths = [p for each in options.files for p in files_in(each, task)]
    for path in paths:
        try:
            rows = [*task.describe(predict(model, read(task, path)))]
        except (ValueError, OSError) as error:
            failed.append(path)
            tell(error, reason(error))
            said = {"file": path, "error": f"{reason(error)}"}
            say(options, None, said)
            continue
        for i, (text, values) in enumerate(rows):
            row = f"[{i}]" if len(rows) > 1 else ""
            record = {"file": path, "row": i, **values}
            say(options, f"{printable(path)}{row}: {text}", record)
        sys.stdout.flush()
    if failed:
        raise ValueError(
            f"{len(failed)} of {len(paths)} files could not be used: "
            f"{', '.join(map(printable, failed))}"
        )


def files_in(path: str, task: Task) -> list[str]:
    """The files that a name means: itself, or those in a folder."""
    if not Path(path).is_dir():
        return [path]
    inside = sorted(str(each) for each in Path(path).iterdir())
    return [p for p in inside if p.lower().endswith(task.endings)] or [path]


def read(task: Task, path: str) -> Array:
    """Return the raw rows of a file; ValueError for a folder without."""
    if Path(path).is_dir():
        raise ValueError(
            f"{printable(path)} must be a file, or a folder with files "
            f"that end in {' '.join(task.endings)}, but has none"
        )
    return task.read(path)


def run_preview(options: Namespace) -> None:
    """Draw a task's training rows."""
    need("matplotlib.pyplot")
    from ..figures import png

    task = options.task
    X, y = task.data()[0]
    path = options.out or Path("runs", f"{task.name}-preview.png")
    written(options, path, png(task.preview(X, y)))


def run_demo(options: Namespace) -> None:
    """Write the interactive figure as a page of its own and open it."""
    task = options.task
    page = task.demo(task.load("tuned", path=options.weights)).page()
    path = options.out or Path("runs", f"{task.name}-demo.html")
    written(options, path, page.encode())
    if not options.no_open and not webbrowser.open(path.resolve().as_uri()):
        print(
            "no browser could be started here: open the file in one",
            file=sys.stderr,
        )


def run_export(options: Namespace) -> None:
    """Write a trained network as a file of ONNX."""
    need("onnx")
    from ..export import to_onnx

    task = options.task
    model = task.load(options.settings, path=options.weights)
    path = options.out or Path("runs", f"{task.name}.onnx")
    path.parent.mkdir(parents=True, exist_ok=True)
    to_onnx(model, path)
    say(options, f"written to {path}", {"written": str(path)})


def run_compare(options: Namespace) -> None:
    """Print how far ours and Keras diverge, step for step."""
    need_keras()
    need_progress()
    from ..keras.twin import KINDS, TYPES, compare_all, stages

    task = options.task
    settings = task.get_settings(options.settings)
    if options.epochs:
        settings = replace(settings, epochs=options.epochs)
    if options.no_dropout:
        settings = replace(settings, dropout=0.0)
    lines: list[str] = []
    rows = task.data()[0]
    parts = len(KINDS) * len(TYPES), max(stages(settings, len(rows[0])))
    with progress(options, *parts, what="comparison") as (step, done):
        found = compare_all(
            task,
            settings,
            rows=rows,
            seed=options.seed,
            log=lines.append,
            on_step=step,
            on_table=lambda i: done(i, {}),
        )
    if not options.json:
        print("\n".join(lines))
    for name, table in found.items():
        kind, between = name.split("  ")
        named = {"task": task.name, "settings": options.settings}
        named |= {"seed": options.seed, "epochs": settings.epochs}
        named |= {"type": kind, "between": between}
        for row in table:
            say(options, None, named | row)


def run_baseline(options: Namespace) -> None:
    """Train plain Keras and print the scores of its predictions."""
    need_keras()
    need_progress()
    from keras.callbacks import LambdaCallback

    from ..keras.baseline import train_baseline

    task, pairs = options.task, options.task.data()
    settings, (X, y) = task.settings["classic"], pairs[0]
    epochs, steps = settings.epochs, settings.steps(len(X))
    with progress(options, epochs, steps) as (on_step, on_epoch):
        watch = LambdaCallback(
            on_train_batch_end=lambda batch, logs: on_step(),
            on_epoch_end=lambda epoch, logs: on_epoch(
                epoch, {name: [value] for name, value in logs.items()}
            ),
        )
        model, history, seconds = train_baseline(
            task, X, y, options.seed, callbacks=[watch]
        )
    found = scores(task, model, pairs)
    text = "\n".join(
        f"{p}: {listed(values)}" for p, values in found.items()
    )
    named = {"task": task.name, "seed": options.seed, **found}
    named |= {"seconds": round(seconds, 2), "history": history}
    say(options, f"{text}\n({seconds:.0f} s)", named)
