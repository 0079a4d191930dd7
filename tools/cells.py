"""What a notebook's cells are: exported, solutions, checks, text."""

import json
import re
from functools import cache
from pathlib import Path

import nbformat

CAPTION = re.compile(r"# nn/(\w+)\.py[ \t]*(?:\n|$)")


def chapter(path):
    """The chapter's number: the digits that its file name begins with."""
    digits = re.match(r"\d+", path.name)
    if not digits:
        raise ValueError(
            f"{path.name}: a chapter's file name begins with its number, "
            "such as 01_one_neuron.ipynb"
        )
    return int(digits[0])


def read(path):
    """The notebook in the file ``path``; ValueError if it is not one.

    A file that has not changed is read once: callers leave it as it is.
    """
    try:
        status = path.stat()
        return _read(path, status.st_mtime_ns, status.st_size)
    except (OSError, ValueError, AttributeError, KeyError) as error:
        raise ValueError(
            f"{path} is not a notebook: {error}: save it with Jupyter"
        ) from error


@cache
def _read(path, changed, size):
    contents = Path(path).read_text(encoding="utf-8")
    version = json.loads(contents).get("nbformat")
    if version != 4:
        raise ValueError(f"expected format 4, got {version}")
    nb = nbformat.v4.reads(contents)
    for i, cell in enumerate(nb.cells):  # Colab saves cells without ids
        cell.setdefault("id", f"cell-{i + 1}")
    return nb
