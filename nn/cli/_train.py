"""The command train: one network, and the files with its results."""

import json
import shlex
import sys
import tempfile
from argparse import Namespace
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from ..checkpoint import epochs_in
from ..files import write_file
from ..tasks import Settings
from ..typing import Array
from ..weights import _digest
from ._curves import picture
from ._process import called
from .output import listed, need_progress, progress, say, scores, to_json
from .packages import need, versions

RESULTS = ("weights.safetensors", "metrics.json", "curves.png")


def run_train(options: Namespace) -> None:
    """Train one network and write the results to a folder."""
    need("matplotlib.pyplot")
    need_progress()
    task = options.task
    chosen = {
        name: getattr(options, name)
        for name in ("epochs", "batch_size", "lr")
        if getattr(options, name) is not None
    }
    settings = replace(task.get_settings(options.settings), **chosen)
    folder = options.out or Path("runs", task.name)
    checkpoint = folder / "checkpoint.safetensors"
    check_writable(folder, [checkpoint.name, *RESULTS])
    done = begin(checkpoint, settings.epochs, options.resume)
    again = [a for a in options.arguments if a != "--resume"]
    command = f"{called()} {shlex.join([*again, '--resume'])}"
    with resumable(checkpoint, settings.epochs, command):
        train(options, settings, checkpoint, done)


def check_writable(folder: Path, names: Iterable[str]) -> None:
    """Make the folder; raise OSError if it cannot take these files."""
    if folder.is_file():
        raise NotADirectoryError(
            f"{folder} must be a folder, but is a file; name another with "
            "--out"
        )
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        if (folder / name).is_dir():
            raise IsADirectoryError(
                f"{folder / name} must be a file, but is a folder; remove "
                "it, or name another folder with --out"
            )
    try:
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:  # name the folder, not the file
        raise OSError(error.errno, error.strerror, str(folder)) from None


def begin(checkpoint: Path, epochs: int, resume: bool) -> int:
    """Return after which epoch a training goes on; say where it begins."""
    if not resume:
        if checkpoint.exists():
            raise ValueError(
                f"{checkpoint} is of a training that was stopped; add "
                "--resume to go on with it, or remove the file, or name "
                "another folder with --out"
            )
        return 0
    done = epochs_in(checkpoint)
    if done > epochs:
        raise ValueError(
            f"--epochs must be {done} or more to go on with {checkpoint}, "
            f"which has had so many epochs, but is {epochs}"
        )
    if done:
        where = f"going on after epoch {done}"
    else:
        where = f"no checkpoint in {checkpoint.parent}/ yet: beginning anew"
    print(where, file=sys.stderr, flush=True)
    return done


@contextmanager
def resumable(
    checkpoint: Path, epochs: int, command: str
) -> Iterator[None]:
    """Note on what stops the training how to go on."""
    try:
        yield
    except (KeyboardInterrupt, OSError) as stop:
        done = epochs_in(checkpoint)
        stop.add_note(
            f"stopped after epoch {done} of {epochs}; go on with: {command}"
            if done
            else "stopped before the end of the first epoch"
        )
        raise


def digest(pairs: Iterable[tuple[Array, Array]]) -> str:
    """The SHA-256 of arrays (X, y), with their types and shapes."""
    arrays = [array for pair in pairs for array in pair]
    return _digest({f"{i}": a for i, a in enumerate(arrays)}, {})


def train(
    options: Namespace, settings: Settings, checkpoint: Path, done: int
) -> None:
    """The training, from the data to the files with the results."""
    task, seed = options.task, options.seed
    pairs = task.data(validation=options.validation)
    X, y = pairs[0]
    named = {"task": task.name, "settings": options.settings, "seed": seed}
    named |= {"batch_size": settings.batch_size, "lr": settings.lr}
    data = {"validation": options.validation, "data": digest(pairs[::2])}
    epochs, steps = settings.epochs, settings.steps(len(X))
    with progress(options, epochs, steps, done=done) as (on_step, on_epoch):
        model, history, seconds = task.train(
            settings,
            X,
            y,
            seed,
            validation=pairs[2] if options.validation else None,
            on_epoch=on_epoch,
            on_step=on_step,
            checkpoint=checkpoint,
            about=named | data,
        )
    report = {
        **named,
        "epochs": epochs,
        "training_rows": len(X),
        **scores(task, model, pairs),
    }
    about = {"task": task.name, "settings": options.settings}
    about |= {"seed": str(seed), "report": json.dumps(report)}
    report |= {
        "weights_sha256": model.save(
            checkpoint.with_name("weights.safetensors"), about=about
        ),
        "seconds": round(seconds, 2),
        "seconds_of_epochs": epochs - done,
        "versions": versions(),
        "history": history,
    }
    folder = checkpoint.parent
    write_file(folder / "metrics.json", to_json(report))
    write_file(folder / "curves.png", picture([("", history)]))
    checkpoint.unlink()
    say(
        options,
        f"test: {listed(report['test'])} ({seconds:.0f} s)\n"
        f"written to {folder}/",
        report | {"written": str(folder)},
    )
