"""Each chapter runs against the package as the chapter before leaves it.

nbval runs it against the whole package and compares what it prints; here
its own checks must pass with what a reader has written up to that page.
The chapters that train for long do so before a release, and each time they
find there all that they import.
"""

import ast
import subprocess
import sys
from copy import deepcopy

import pytest
from nbformat.v4 import new_code_cell

from tools import export, notebooks
from tools.cells import chapter, read

CHAPTERS = export.chapters()
DATA = {14, 22, 24}  # chapters that read all of Fashion-MNIST
LONG = {14, 15, 16, 18, 19, 21, 22, 23, 24}  # chapters that train for long


def each(paths, **marks):
    """The chapters as parameters, those in a set with its mark."""
    return pytest.mark.parametrize(
        "path",
        [
            pytest.param(
                path,
                id=path.stem,
                marks=[
                    getattr(pytest.mark, mark)
                    for mark, numbers in marks.items()
                    if chapter(path) in numbers
                ],
            )
            for path in paths
        ],
    )


@pytest.fixture
def before(path, tmp_path, monkeypatch):
    """A folder with the package of the chapters before, to import from."""
    arguments = ["--until", str(chapter(path) - 1), "--to", str(tmp_path)]
    assert export.main(arguments) == 0
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return f"import nn\nassert nn.__file__.startswith({str(tmp_path)!r})"


@pytest.mark.full
@each(CHAPTERS, data=DATA, torture=LONG)
def test_a_chapter_needs_nothing_later(path, before):
    nb = deepcopy(read(path))
    nb.cells.insert(1, new_code_cell(before))
    notebooks.execute(nb, path)


@each([path for path in CHAPTERS if chapter(path) in LONG])
def test_a_long_chapter_imports_nothing_later(path, before, tmp_path):
    cells = (c for c in read(path).cells if c.cell_type == "code")
    imports = [
        ast.unparse(node)
        for cell in cells
        for node in ast.walk(ast.parse(cell.source))
        if isinstance(node, ast.ImportFrom)
        and node.module.partition(".")[0] == "nn"
    ]
    assert len(imports) > 2
    program = "\n".join([before, *imports])
    command = [sys.executable, "-c", program]
    subprocess.run(command, check=True, cwd=tmp_path)


def test_chapters_are_numbered_in_their_order():
    numbers = [chapter(path) for path in CHAPTERS]
    assert numbers == list(range(1, len(numbers) + 1))
    found = sorted(export.ROOT.glob("notebooks/*.ipynb"))
    assert found == sorted(CHAPTERS)
