"""What the commands print: results, and how far the work is."""

import json
import sys
from argparse import Namespace
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

from ..files import write_file
from ..tasks import Task
from ..typing import Array, History, ModelLike
from .packages import need

Progress: TypeAlias = tuple[
    Callable[[], object], Callable[[int, History], object]
]


def say(
    options: Namespace, text: str | None, record: Mapping[str, Any]
) -> None:
    """Print a result: the text, if any, or with --json the record."""
    if options.json:
        text = json.dumps(record, default=float)
    if text is not None:
        print(text)


def written(options: Namespace, path: Path, content: bytes) -> None:
    """Write a file, into a new folder if need be, and say so."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_file(path, content)
    say(options, f"written to {path}", {"written": str(path)})


def scores(
    task: Task, model: ModelLike, pairs: Iterable[tuple[Array, Array]]
) -> dict[str, dict[str, float]]:
    """What ``task.evaluate`` says of the training and the test rows."""
    return {
        part: task.evaluate(model, X, y)
        for part, (X, y) in zip(("train", "test"), pairs, strict=False)
    }


def listed(values: Mapping[str, float]) -> str:
    """Scores as text."""
    return ", ".join(
        f"{name} {value:.4f}" for name, value in values.items()
    )


def to_json(value: object) -> bytes:
    """Return ``value`` as the bytes of a JSON file."""
    return (json.dumps(value, indent=1, default=float) + "\n").encode()


def need_progress() -> None:
    """Load what ``progress`` needs here."""
    if sys.stderr.isatty():
        need("tqdm")


@contextmanager
def progress(
    options: Namespace,
    parts: int,
    steps: int,
    *,
    done: int = 0,
    what: str = "epoch",
) -> Iterator[Progress]:
    """Give ``on_step()`` and ``on_epoch(epoch, history)``.

    They show on standard error how far the work is, which has so many
    ``parts`` of so many ``steps``: on a terminal in a bar, with the losses
    of the last part; elsewhere in a line for each part, with all that is
    in the history. A signal that Python dropped stops the work there.
    """

    def count(part: int) -> str:
        return f"{what} {min(part, parts)}/{parts}"

    def last(history: History, names: Iterable[str]) -> str:
        return "".join(
            f", {name} {history[name][-1]:.4f}" for name in names
        )

    if not sys.stderr.isatty():

        def on_epoch(epoch: int, history: History) -> None:
            line = count(epoch + 1) + last(history, history)
            print(line, file=sys.stderr, flush=True)

        yield options.signals.check, on_epoch
        return
    from tqdm import tqdm

    with tqdm(
        total=parts * steps,
        initial=done * steps,
        desc=count(done + 1),
        bar_format="{desc} |{bar}| {remaining} left",
        file=sys.stderr,
        leave=False,
    ) as bar:

        def on_step() -> None:
            bar.update()
            options.signals.check()

        def on_epoch(epoch: int, history: History) -> None:
            losses = [name for name in history if name.endswith("loss")]
            text = count(epoch + 2) + last(history, losses)
            bar.set_description_str(text, refresh=False)

        yield on_step, on_epoch
