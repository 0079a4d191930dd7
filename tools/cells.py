"""What a notebook's cells are: exported, solutions, checks, text."""

import json
import os
import re
import tempfile
from functools import cache

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


def stamp(path):
    """What tells one state of a file from another: for caches."""
    status = path.stat()
    return path, status.st_mtime_ns, status.st_size


def read(path):
    """The notebook in the file ``path``; ValueError if it is not one.

    A file that has not changed is read once: callers leave it as it is.
    """
    try:
        return _read(stamp(path))
    except (OSError, ValueError, AttributeError, KeyError) as error:
        raise ValueError(
            f"{path} is not a notebook: {error}: save it with Jupyter"
        ) from error


@cache
def _read(state):
    contents = state[0].read_text(encoding="utf-8")
    version = json.loads(contents).get("nbformat")
    if version != 4:
        raise ValueError(f"expected format 4, got {version}")
    nb = nbformat.v4.reads(contents)
    for i, cell in enumerate(nb.cells):  # Colab saves cells without ids
        cell.setdefault("id", f"cell-{i + 1}")
    return nb


def write(path, text):
    """Write ``text`` beside ``path`` and move it there when complete.

    A file that has this text already stays as it is; True if it changed.
    """
    mode = 0o644
    if path.is_file():
        if path.read_bytes() == text.encode():
            return False
        mode = path.stat().st_mode
    handle, part = tempfile.mkstemp(dir=path.parent, suffix=".part")
    try:
        with open(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        os.chmod(part, mode)
        os.replace(part, path)
    except BaseException:
        os.unlink(part)
        raise
    return True
