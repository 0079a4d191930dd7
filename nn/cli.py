"""The command line: ``python -m nn --help`` lists the commands."""

import argparse
import hashlib
import json
import os
import platform
import shlex
import signal
import sys
import tempfile
import threading
import webbrowser
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

from .__main__ import leave
from .checkpoint import epochs_in
from .files import write_file
from .tasks import TASKS
from .tasks._task import get
from .training import predict

__all__ = ["main"]

RESULTS = ("weights.safetensors", "metrics.json", "curves.png")
EXTRAS = {  # module: the extra that installs it
    "matplotlib": "commands",
    "tqdm": "commands",
    "keras": "keras",
    "tensorflow": "keras",
}


@contextmanager
def progress(epochs, done=0):
    """Give an ``on_epoch``: a bar on a terminal, lines elsewhere."""
    if not sys.stdout.isatty():

        def on_epoch(epoch, history):
            values = "  ".join(
                f"{k} {v}" for k, v in _last(history).items()
            )
            print(f"epoch {epoch + 1}/{epochs}  {values}", flush=True)

        yield on_epoch
        return
    from tqdm import tqdm

    with tqdm(
        initial=done, total=epochs, unit="epoch", file=sys.stdout
    ) as bar:

        def on_epoch(epoch, history):
            bar.set_postfix(_last(history), refresh=False)
            bar.update()

        yield on_epoch


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
    return (json.dumps(value, indent=1, default=float) + "\n").encode()


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


def digest(pairs):
    """The SHA-256 of arrays (X, y), with their types and shapes."""
    found = hashlib.sha256()
    for array in (a for pair in pairs for a in pair):
        found.update(f"{array.dtype.str} {array.shape}\n".encode())
        found.update(array.tobytes())
    return found.hexdigest()


def check_writable(folder, names):
    """Make the folder; raise OSError if it cannot take these files."""
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


def curves(history):
    """The bytes of a picture of the training curves."""
    import matplotlib.pyplot as plt

    from .figures import png, training_curves

    figure = training_curves(history)[0].figure
    plt.close(figure)  # it is drawn for a file, not kept for a screen
    return png(figure)


def begin(checkpoint, epochs, resume):
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
        print(f"going on after epoch {done}", flush=True)
    else:
        print(f"no checkpoint in {checkpoint.parent}/ yet: beginning anew")
    return done


@contextmanager
def resumable(checkpoint, epochs, command):
    """Note on what stops the training how to go on."""
    try:
        yield
    except (KeyboardInterrupt, OSError) as stop:
        done = epochs_in(checkpoint)
        stop.add_note(
            f"stopped after epoch {done} of {epochs}; go on with: "
            f"python -m nn {command}"
            if done
            else "stopped before the end of the first epoch"
        )
        raise


def run_train(options):
    """Train one network and write the results to a folder."""
    settings = options.task.get_settings(options.settings)
    if options.epochs is not None:
        settings = replace(settings, epochs=options.epochs)
    folder = options.out or Path("runs", options.task.name)
    checkpoint = folder / "checkpoint.safetensors"
    check_writable(folder, [checkpoint.name, *RESULTS])
    curves({"loss": [0.0]})  # if a package is missing, say so now
    done = begin(checkpoint, settings.epochs, options.resume)
    again = [a for a in options.arguments if a != "--resume"]
    command = shlex.join([*again, "--resume"])
    with resumable(checkpoint, settings.epochs, command):
        train(options, settings, checkpoint, done)


def train(options, settings, checkpoint, done):
    """The training, from the data to the files with the results."""
    task, seed = options.task, options.seed
    pairs = task.data(validation=options.validation)
    X, y = pairs[0]
    named = {"task": task.name, "settings": options.settings, "seed": seed}
    data = {"validation": options.validation, "data": digest(pairs[::2])}
    with progress(settings.epochs, done) as show:

        def on_epoch(epoch, history):
            show(epoch, history)
            options.signals.check()

        model, history, seconds = task.train(
            settings,
            X,
            y,
            seed,
            validation=pairs[2] if options.validation else None,
            on_epoch=on_epoch,
            checkpoint=checkpoint,
            about=named | data,
        )
    report = {
        **named,
        "epochs": settings.epochs,
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
        "seconds_of_epochs": settings.epochs - done,
        "versions": versions(),
        "history": history,
    }
    write_file(checkpoint.with_name("metrics.json"), to_json(report))
    write_file(checkpoint.with_name("curves.png"), curves(history))
    print(f"test: {listed(report['test'])} ({seconds:.0f} s)")
    print(f"written to {checkpoint.parent}/", flush=True)
    checkpoint.unlink()


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
    page = task.demo(task.load("tuned", path=options.weights)).page()
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


def integer(text, *, least):
    """An integer of at least so much, for argparse."""
    with suppress(ValueError):
        if (value := int(text)) >= least:
            return value
    raise argparse.ArgumentTypeError(
        f"must be an integer of {least} or more, but is {text!r}"
    )


positive_int = partial(integer, least=1)


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

    def settings(default, said=None):
        names = dict.fromkeys(s for t in tasks.values() for s in t.settings)
        text = f"one of {', '.join(names)} (default: {said or default})"
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
    natural = partial(integer, least=0)
    seed = option("--seed", natural, "N", "default: 0", 0)
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
        switch("--resume", "go on with a training that was stopped"),
    )
    add(
        "predict",
        run_predict,
        "print what a trained network says of new rows",
        one,
        files,
        settings(None, "those of the weights; of the package, tuned"),
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


class Signals:
    """Ctrl-C and SIGTERM as exceptions, in a ``with`` block.

    The first raises KeyboardInterrupt with its number, the second ends the
    process. Python drops an exception in some places, such as a callback
    of the garbage collector: ``check`` raises it again.
    """

    number = None

    def __enter__(self):
        self.old = {}
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                old = signal.getsignal(number)
                if old not in (signal.SIG_IGN, None):
                    self.old[number] = old
                    signal.signal(number, self.stop)
        return self

    def stop(self, number, frame):
        for each in self.old:
            signal.signal(each, leave)
        self.number = number
        raise KeyboardInterrupt(number)

    def check(self):
        """Raise KeyboardInterrupt if there has been a signal."""
        if self.number is not None:
            raise KeyboardInterrupt(self.number)

    def __exit__(self, *_):
        for number, old in self.old.items():
            signal.signal(number, old)


def open_streams():
    """Make all three streams usable, whatever the process was given."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:  # closed, as with >&-
            stream = open(os.devnull, mode, encoding="utf-8")  # noqa: SIM115
            setattr(sys, name, stream)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # signs that it has not: "?"
            stream.reconfigure(errors="replace")


def tell(error, said):
    """Say on standard error why the command ends, and what was noted."""
    for line in filter(None, [said, *getattr(error, "__notes__", ())]):
        print(f"nn: {line}", file=sys.stderr)


def main(arguments=None, tasks=TASKS):
    """Run the command line; return the exit code."""
    open_streams()
    arguments = sys.argv[1:] if arguments is None else [*arguments]
    try:
        with Signals() as signals:
            try:
                options = parser(tasks).parse_args(arguments)
                options.arguments, options.signals = arguments, signals
                options.run(options)
            finally:
                sys.stdout.flush()
    except BrokenPipeError:  # the reader of the output has closed it
        with suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + 13  # as for SIGPIPE
    except (ValueError, OSError, FloatingPointError) as error:
        tell(error, error)
        return 1
    except ModuleNotFoundError as error:
        name = error.name.partition(".")[0]
        if name not in EXTRAS:
            raise
        tell(
            error,
            f"this command needs {name}; in a clone: "
            f'pip install -e ".[{EXTRAS[name]}]"',
        )
        return 1
    except KeyboardInterrupt as stop:
        tell(stop, None if hasattr(stop, "__notes__") else "stopped")
        return 128 + next(iter(stop.args), signal.SIGINT)
    return 0
