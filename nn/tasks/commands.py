"""The commands ``python -m nn``: ``python -m nn --help`` lists them."""

import argparse
import os
import sys
import tempfile
import webbrowser
from dataclasses import replace
from pathlib import Path

from ..activations import softmax
from ..datasets import FASHION_CLASSES, fetch_fashion_mnist
from ..training import predict
from ..weights import write_file
from . import TASKS, WEIGHTS, load
from ._inputs import read_districts, read_images
from ._results import to_json, versions

EXAMPLES = """\
examples:
  python -m nn data
  python -m nn train california-housing
  python -m nn train fashion-mnist --settings classic --seed 3
  python -m nn predict fashion-mnist shirt.png bag.png
  python -m nn predict california-housing districts.csv
"""


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


def data(options):
    """Find or fetch Fashion-MNIST and say where it is."""
    print(f"Fashion-MNIST is in {fetch_fashion_mnist(options.folder)}")


def train(options):
    """Train one network and write what came of it to a folder."""
    from ._pictures import training_picture

    task = TASKS[options.task]
    settings = task.choose(options.settings)
    if options.epochs is not None:
        settings = replace(settings, epochs=options.epochs)
    folder = options.out or Path("runs", task.name)
    folder.mkdir(parents=True, exist_ok=True)
    (X, y), (X_test, y_test), *held_out = task.data(
        validation=options.validation
    )
    model, history, seconds = task.train(
        settings,
        X,
        y,
        options.seed,
        validation=held_out[0] if held_out else None,
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
        "train": task.judge(model, X, y),
        "test": task.judge(model, X_test, y_test),
        "history": history,
    }
    model.save(folder / "weights.safetensors")
    write_picture(folder / "curves.png", training_picture(history))
    write_file(folder / "metrics.json", to_json(report))
    scores = ", ".join(f"{k} {v:.4f}" for k, v in report["test"].items())
    print(f"test: {scores} ({seconds:.0f} s)\nwritten to {folder}/")


def write_picture(path, fig):
    """Write a Matplotlib figure as a PNG."""
    from ..figures import png

    write_file(path, png(fig))


def preview(options):
    """Write a picture of a task's training rows."""
    from ._pictures import PREVIEWS

    task = TASKS[options.task]
    path = options.out or Path("runs", f"{task.name}-preview.png")
    path.parent.mkdir(parents=True, exist_ok=True)
    (X, y), _ = task.data()
    write_picture(path, PREVIEWS[task.name](X, y))
    print(f"written to {path}")


def demo(options):
    """Write the interactive figure as a page of its own and open it."""
    from ._demo import DEMOS

    page = DEMOS[options.task](load(options.task)).page()
    path = options.output or Path(
        tempfile.mkdtemp(prefix="nn-"), f"{options.task}.html"
    )
    write_file(path, page.encode())
    print(f"written to {path}")
    if not options.no_open and not webbrowser.open(path.resolve().as_uri()):
        print("no browser could be started here: open the file in one")


def compare(options):
    """Print how far ours and Keras part, step for step."""
    quiet_tensorflow()
    from .keras_twin import report

    task = TASKS[options.task]
    settings = task.choose(options.settings)
    if options.no_dropout:
        settings = replace(settings, dropout=0.0)
    report(task, settings, seed=options.seed)


def run_baseline(options):
    """Train Keras as one writes it and judge its bare predictions."""
    quiet_tensorflow()
    from .keras_baseline import baseline

    scores = baseline(TASKS[options.task], options.seed)
    for part in ("train", "test"):
        values = ", ".join(f"{k} {v:.4f}" for k, v in scores[part].items())
        print(f"{part}: {values}")
    print(f"({scores['seconds']:.0f} s)")


def quiet_tensorflow():
    """Keep TensorFlow's notes on the processor off the terminal."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


def results(options):
    """Measure every system on both tasks and write the tables."""
    quiet_tensorflow()
    from ._pictures import compared_curves
    from ._results import measure, write_tables

    folder = options.out
    folder.mkdir(parents=True, exist_ok=True)
    if not options.tables:
        for task in TASKS.values():
            report = measure(task, folder, range(options.seeds))
            name = f"{task.name}-curves.png"
            write_picture(folder / name, compared_curves(report))
    if options.ship:
        ship(WEIGHTS)
    write_tables(folder, options.readme)
    print(f"written to {folder}/ and {options.readme}")


def ship(folder):
    """Train every settings with seed 0 and put the weights into ``folder``.

    The seed is fixed beforehand: nobody picks the best of several.
    """
    folder.mkdir(exist_ok=True)
    for task in TASKS.values():
        (X, y), _ = task.data()
        for name, settings in task.settings.items():
            model, _, _ = task.train(settings, X, y, seed=0)
            model.save(folder / f"{task.name}-{name}.safetensors")


def run_predict(options):
    """Print a class with its confidence, or a price, for each input."""
    model = load(options.task, options.settings, path=options.weights)
    run = {
        "fashion-mnist": predict_images,
        "california-housing": predict_districts,
    }
    run[options.task](model, options.files)


def predict_images(model, files):
    """One line for each image: file, class, confidence."""
    for path in files:
        P = softmax(predict(model, read_images(path)))  # (n, 10)
        for i, p in enumerate(P):
            name = path if len(P) == 1 else f"{path}[{i}]"
            k = p.argmax()
            print(f"{name}: {FASHION_CLASSES[k]} ({p[k]:.1%})")


def predict_districts(model, files):
    """One line for each row: the price in US dollars of 1990."""
    for path in files:
        for z in predict(model, read_districts(path))[:, 0]:
            print(f"${100_000 * z:,.0f}")


def parser():
    """The command line, with every option's default in its help."""
    formatter = argparse.RawDescriptionHelpFormatter
    top = argparse.ArgumentParser(
        prog="python -m nn",
        description="Train, use and measure the book's two networks.",
        epilog=EXAMPLES,
        formatter_class=formatter,
    )
    commands = top.add_subparsers(required=True, metavar="COMMAND")

    def command(name, run, text, epilog=None):
        sub = commands.add_parser(
            name,
            help=text,
            description=text,
            epilog=epilog,
            formatter_class=formatter,
        )
        sub.set_defaults(run=run)
        return sub

    def for_task(name, run, text, epilog=None, settings="better"):
        sub = command(name, run, text, epilog)
        sub.add_argument("task", choices=TASKS)
        if settings:
            names = list(
                dict.fromkeys(s for t in TASKS.values() for s in t.settings)
            )
            sub.add_argument(
                "--settings",
                default=settings,
                metavar="NAME",
                help=f"one of {', '.join(names)} (default: {settings})",
            )
        return sub

    sub = command("data", data, "find or fetch Fashion-MNIST (30 MB)")
    sub.add_argument("--folder", type=Path, help="look here first")

    sub = for_task("train", train, "train a network into runs/<task>/")
    sub.add_argument("--seed", type=int, default=0, help="default: 0")
    sub.add_argument("--epochs", type=whole, help="default: by settings")
    sub.add_argument(
        "--validation",
        type=float,
        default=0.0,
        metavar="SHARE",
        help="share of the training rows to set aside and follow, 0.1 for "
        "one (default: 0, train on all of them)",
    )
    sub.add_argument(
        "--out", type=Path, metavar="DIR", help="default: runs/<task>"
    )

    sub = for_task(
        "predict",
        run_predict,
        "say what is in an image, or what a district's houses cost",
        "FILE is a picture or a .npy array for fashion-mnist, a CSV file\n"
        "with a line of column names (or - for standard input) for\n"
        "california-housing.",
    )
    sub.add_argument("files", nargs="+", metavar="FILE")
    sub.add_argument(
        "--weights",
        type=Path,
        metavar="FILE",
        help="weights of your own (default: those of the package)",
    )

    sub = for_task(
        "compare",
        compare,
        "train ours and Keras step for step, and print how far they part",
        settings="classic",
    )
    sub.add_argument("--seed", type=int, default=0, help="default: 0")
    sub.add_argument(
        "--no-dropout",
        action="store_true",
        help="without dropout (default: Keras gets our masks)",
    )

    sub = for_task(
        "baseline",
        run_baseline,
        "train Keras as one writes it, on the same rows",
        settings=None,
    )
    sub.add_argument("--seed", type=int, default=0, help="default: 0")

    sub = for_task(
        "preview", preview, "draw a task's training rows", settings=None
    )
    sub.add_argument(
        "--out",
        type=Path,
        metavar="PNG",
        help="default: runs/<task>-preview.png",
    )

    sub = for_task(
        "demo",
        demo,
        "try a trained network by hand, in the browser",
        settings=None,
    )
    sub.add_argument(
        "--output",
        type=Path,
        metavar="HTML",
        help="keep the page in this file (default: a temporary one)",
    )
    sub.add_argument(
        "--no-open", action="store_true", help="do not open a browser"
    )

    sub = command(
        "results",
        results,
        "measure every system on both tasks and write the tables",
        "Runs that a file in --out holds are not repeated: delete it to\n"
        "measure anew. All of it takes about half an hour on two cores.",
    )
    sub.add_argument("--seeds", type=whole, default=5, help="default: 5")
    sub.add_argument(
        "--out", type=Path, default=Path("results"), help="default: results"
    )
    sub.add_argument(
        "--readme",
        type=Path,
        default=Path("README.md"),
        help="its table is written too (default: README.md)",
    )
    sub.add_argument(
        "--tables",
        action="store_true",
        help="measure nothing, write the tables from the files",
    )
    sub.add_argument(
        "--ship",
        action="store_true",
        help="train with seed 0 and put the weights into the package",
    )
    return top


def whole(text):
    """A whole number of 1 or more, for argparse."""
    value = int(text)
    if value < 1:
        raise ValueError
    return value


def main(arguments=None):
    """Run the command line; return the exit code."""
    options = parser().parse_args(arguments)
    try:
        options.run(options)
    except (ValueError, OSError) as error:
        print(f"nn: {error}", file=sys.stderr)
        return 1
    except ModuleNotFoundError as error:
        if error.name not in ("matplotlib", "tqdm", "keras", "sklearn"):
            raise
        print(
            f"nn: this command needs {error.name}; in a clone: "
            'pip install -e ".[commands]"',
            file=sys.stderr,
        )
        return 1
    except KeyboardInterrupt:
        print("nn: stopped", file=sys.stderr)
        return 130
    return 0
