"""Each chapter runs against the package as the chapter before leaves it.

nbval runs it against the whole package and compares what it prints; here
its own checks must pass with what a reader has written up to that page.
"""

from copy import deepcopy

import pytest
from nbformat.v4 import new_code_cell

from tools import export, notebooks
from tools.cells import chapter, read

CHAPTERS = export.chapters()
DATA = {14, 22}  # chapters that read all of Fashion-MNIST


@pytest.mark.full
@pytest.mark.parametrize(
    "path",
    [
        pytest.param(
            path,
            id=path.stem,
            marks=[pytest.mark.data] * (chapter(path) in DATA),
        )
        for path in CHAPTERS
    ],
)
def test_a_chapter_needs_nothing_later(path, tmp_path, monkeypatch):
    before = chapter(path) - 1
    arguments = ["--until", str(before), "--to", str(tmp_path)]
    assert export.main(arguments) == 0
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    nb = deepcopy(read(path))
    which = f"import nn\nassert nn.__file__.startswith({str(tmp_path)!r})"
    nb.cells.insert(1, new_code_cell(which))
    notebooks.execute(nb, path)


def test_chapters_are_numbered_in_their_order():
    numbers = [chapter(path) for path in CHAPTERS]
    assert numbers == list(range(1, len(numbers) + 1))
    found = sorted(export.ROOT.glob("notebooks/*.ipynb"))
    assert found == sorted(CHAPTERS)
