"""What a notebook's cells are, and how notebooks are read and written."""

import ast
import json
import os
import re
import tempfile
from functools import cache

import nbformat

CAPTION = re.compile(r"# nn/(\w+)\.py[ \t]*(?:\n|$)")
OWN = {  # id of a cell that the tool writes: how to recognize the cell
    "badge": "https://colab.research.google.com/github/",
    "setup": "This chapter needs the package nn",
    "package": "## What the package holds now",
}
NO_ID = r"cell-\d+"  # what read calls cells that have no id
FENCE = r"(?ms)^[ \t]*(`{3,}|~{3,}).*?^[ \t]*\1[`~]*[ \t]*$"
IMAGES = ("image/png", "image/svg+xml")


# Files


def chapter(path):
    """The chapter's number: the digits that its file name begins with."""
    digits = re.match(r"\d+", path.name)
    if not digits:
        raise ValueError(
            f"{path.name}: a chapter's file name must begin with its "
            "number, such as 01_one_neuron.ipynb"
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
    if re.search(r"(?m)^<{7} ", contents):
        raise ValueError("it holds a merge conflict")
    notebook = json.loads(contents)
    is_dict = isinstance(notebook, dict)
    version = notebook.get("nbformat") if is_dict else None
    if version != 4:
        raise ValueError(f"nbformat must be 4, but is {version}")
    nb = nbformat.v4.reads(contents)
    for i, cell in enumerate(nb.cells):  # Colab saves cells without ids
        cell.setdefault("id", f"cell-{i + 1}")
        cell.setdefault("metadata", nbformat.NotebookNode())
        cell.setdefault("source", "")
    return nb


def text(nb):
    """The notebook as the text of its file."""
    return nbformat.v4.writes(nb).rstrip("\n") + "\n"


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


# Kinds of cells


def cells(nb, kind):
    """(index, cell) for the cells of which ``kind(cell)`` is true."""
    return [(i, cell) for i, cell in enumerate(nb.cells) if kind(cell)]


def tags(cell):
    """The cell's tags, a list."""
    return cell.metadata.get("tags", [])


def own_name(cell):
    """The name of a cell that the tool wrote; None for the author's."""
    name = given_id(cell)
    names = OWN if re.fullmatch(NO_ID, name) else {name} & OWN.keys()
    return next((n for n in names if OWN[n] in cell.source), None)


def given_id(cell):
    """The cell's id; jupytext puts the one of a draft in the metadata."""
    return cell.metadata.get("id") or cell.get("id", "")


def is_code(cell):
    """True for a code cell that is not empty."""
    return cell.cell_type == "code" and bool(cell.source.strip())


def is_markdown(cell):
    """True for a Markdown cell."""
    return cell.cell_type == "markdown"


def is_title(cell):
    """True for a Markdown cell that begins with a heading of level 1."""
    return is_markdown(cell) and cell.source.startswith("# ")


def has_section(cell):
    """True for a Markdown cell with a heading of level 2."""
    return is_markdown(cell) and re.search(r"(?m)^## ", prose(cell))


def marks(cell):
    """Which of the three marks of a folded solution the cell carries."""
    return (
        "hide-cell" in tags(cell),
        cell.metadata.get("cellView") == "form",
        cell.metadata.get("jupyter", {}).get("source_hidden") is True,
    )


def is_solution(cell):
    """True for a code cell with any mark of a solution.

    What the tag hide-input folds, figures above all, has two of the marks.
    """
    if cell.cell_type != "code" or "hide-cell" in tags(cell):
        return cell.cell_type == "code"
    return any(marks(cell)) and "hide-input" not in tags(cell)


def is_exported(cell):
    """True for a cell that becomes a part of the package."""
    return cell.cell_type == "code" and bool(CAPTION.match(cell.source))


def is_bounded(cell):
    """True for a code cell that the bounds of length apply to."""
    folded = is_solution(cell) or "hide-input" in tags(cell)
    return is_code(cell) and not folded


def is_visible(cell):
    """True for a code cell that is neither exported nor a solution."""
    return is_code(cell) and not is_exported(cell) and not is_solution(cell)


def asserts(cell):
    """True if the cell has a line that begins with ``assert``."""
    return bool(re.search(r"(?m)^\s*assert\b", cell.source))


def measures(cell):
    """True if the cell compares with measured gradients."""
    calls = r"\b(check_gradients|numerical_gradient)\("
    return bool(re.search(calls, cell.source))


def is_check(cell):
    """True for a cell that a wrong program would not pass."""
    return is_visible(cell) and (asserts(cell) or measures(cell))


# What is in a cell


def length(cell):
    """The cell's number of lines."""
    return cell.source.strip("\n").count("\n") + 1


def statements(cell):
    """The cell's number of Python statements; of lines if it has magics."""
    try:
        tree = ast.parse(cell.source)
    except SyntaxError:
        return length(cell)
    return sum(isinstance(node, ast.stmt) for node in ast.walk(tree))


def prose(cell):
    """A Markdown cell's text without fenced blocks; '' for other cells."""
    return re.sub(FENCE, "", cell.source) if is_markdown(cell) else ""


def pictures(cell):
    """The alternative text of each picture among the cell's outputs."""
    return [
        output.get("metadata", {}).get(mime, {}).get("alt", "")
        for output in cell.get("outputs", [])
        for mime in IMAGES
        if mime in output.get("data", {})
    ]


def printed(output):
    """The text of an output, without colour codes."""
    parts = [output.get("text", ""), *output.get("traceback", [])]
    parts.append(output.get("data", {}).get("text/plain", ""))
    return re.sub(r"\x1b\[[\d;]*m", " ", "\n".join(parts))
