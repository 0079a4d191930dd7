"""The commands, and the options of each."""

import argparse
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from ..tasks import Task
from . import _commands as commands
from ._curves import run_curves
from ._process import called
from ._train import run_train
from .options import (
    Argument,
    add_command,
    entry,
    existing,
    file,
    fraction,
    natural,
    option,
    place,
    positive,
    positive_int,
    switch,
)


def parser(
    tasks: Mapping[str, Task], arguments: Sequence[str]
) -> argparse.ArgumentParser:
    """The command line for tasks by name.

    The help of a command shows what the tasks among the ``arguments``
    have; without any, what all of them have.
    """
    shown = {n: t for n, t in tasks.items() if n in arguments} or tasks
    known = partial(entry, named=tasks)
    top = argparse.ArgumentParser(
        prog=called(),
        description="Train, use and compare the networks of the tasks.",
        epilog=examples(shown),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    top.set_defaults(run=lambda options: top.print_help())
    top.add_argument(
        "--version",
        action="store_const",
        dest="run",
        const=commands.run_version,
        help="print the versions of nn, Python and NumPy",
    )
    found = top.add_subparsers(metavar="COMMAND")
    json, said = switch("--json", "print one JSON object a line")
    top.add_argument(json, **said)
    said["default"] = argparse.SUPPRESS  # it may precede the command

    def add(
        name: str,
        run: Callable[[argparse.Namespace], object],
        text: str,
        *arguments: Argument,
    ) -> None:
        add_command(found, name, run, text, *arguments, (json, said))

    def settings(default: str | None, said: str | None = None) -> Argument:
        named = {s: s for t in shown.values() for s in t.settings}
        text = f"one of {', '.join(named)} (default: {said or default})"
        kind = partial(entry, named=named)
        return option("--settings", kind, "NAME", text, default)

    def out(ending: str, default: str) -> Argument:
        kind, metavar = partial(file, ending=ending), ending[1:].upper()
        return option("--out", kind, metavar, f"default: {default}")

    task: Argument = "task", {"type": known, "metavar": "TASK"}
    task[1]["help"] = " or ".join(tasks)
    some: Argument = (
        "tasks",
        {**task[1], "nargs": "*", "default": [*tasks.values()]},
    )
    some[1]["help"] += " (default: all)"
    kinds = "; ".join(f"for {n}, {t.files}" for n, t in shown.items())
    kinds += "; or a folder of such files; or -, standard input"
    files = "files", {"metavar": "FILE", "nargs": "+", "help": kinds}
    seed = option("--seed", natural, "N", "default: 0", 0)
    by = "default: by settings"
    epochs = option("--epochs", positive_int, "N", by)
    own = "weights of your own (default: those of the package)"
    weights = option("--weights", existing, "FILE", own)
    theirs = settings(None, "those of the weights; of the package, tuned")
    add(
        "data",
        commands.run_data,
        "find or fetch the data of the tasks",
        some,
        option(
            "--folder",
            partial(existing, folder=True),
            "DIR",
            "look here first",
        ),
    )
    add(
        "train",
        run_train,
        "train a network into runs/<task>/",
        task,
        settings("tuned"),
        seed,
        epochs,
        option("--batch-size", positive_int, "N", by),
        option(
            "--lr",
            positive,
            "RATE",
            "the step size, the first one of a schedule (default: by "
            "settings)",
        ),
        option(
            "--validation",
            fraction,
            "FRACTION",
            "fraction of the training rows to set aside and follow, for "
            "example 0.1 (default: 0, train on all of them)",
            0.0,
        ),
        option("--out", place, "DIR", "default: runs/<task>"),
        switch("--resume", "go on with a training that was stopped"),
    )
    add(
        "evaluate",
        commands.run_evaluate,
        "print the scores of a trained network on training and test rows",
        task,
        theirs,
        weights,
    )
    add(
        "predict",
        commands.run_predict,
        "print what a trained network says of new rows",
        task,
        files,
        theirs,
        weights,
    )
    add(
        "preview",
        commands.run_preview,
        "draw a task's training rows",
        task,
        out(".png", "runs/<task>-preview.png"),
    )
    add(
        "demo",
        commands.run_demo,
        "try a trained network by hand, in the browser",
        task,
        weights,
        out(".html", "runs/<task>-demo.html"),
        switch("--no-open", "do not open a browser"),
    )
    wrote = {"metavar": "FILE", "nargs": "+", "type": place}
    wrote["help"] = "metrics.json, or the folder that train wrote"
    add(
        "curves",
        run_curves,
        "draw the curves of one training, or of several",
        ("files", wrote),
        out(".png", "runs/curves.png"),
    )
    add(
        "export",
        commands.run_export,
        "write a trained network as a file of ONNX, for other programs",
        task,
        theirs,
        weights,
        out(".onnx", "runs/<task>.onnx"),
    )
    add(
        "baseline",
        commands.run_baseline,
        "train plain Keras on the same rows",
        task,
        seed,
    )
    add(
        "compare",
        commands.run_compare,
        "train ours and Keras step for step; print how far they diverge",
        task,
        settings("classic"),
        seed,
        epochs,
        switch("--no-dropout", "default: Keras gets our dropout masks"),
    )
    return top


def examples(tasks: Mapping[str, Task]) -> str:
    """The examples at the end of the help."""
    lines = ["examples:", f"  {called()} data"]
    for name, task in tasks.items():
        lines += [
            f"  {called()} train {name} --settings classic --seed 3",
            f"  {called()} predict {name} {task.example}",
        ]
    return "\n".join(lines)
