"""The chapters as a class gets them: without solutions and answers."""

import re

import nbformat
import pytest

from tools import export, handouts, notebooks
from tools.cells import is_solution, own_name, read

pytestmark = pytest.mark.full
CHAPTERS = {path.stem: path for path in export.chapters()}
RUN = ["01_one_neuron", "03_bend_it", "08_where_the_transpose_comes_from"]


@pytest.mark.parametrize("name", CHAPTERS)
def test_solutions_answers_and_outputs_are_cut_and_nothing_else(name):
    whole = read(CHAPTERS[name])
    before = whole.copy()
    nb = handouts.cut(whole)
    assert whole == before
    assert not any(map(is_solution, nb.cells))
    assert not any(cell.get("outputs") for cell in nb.cells)
    texts = [c.source for c in nb.cells if c.cell_type == "markdown"]
    assert not [text for text in texts if "details>" in text]
    for mark in (r"(?m)^### Exercise \d", r"\*\*Question \d"):
        found = [len(re.findall(mark, c.source)) for c in whole.cells]
        kept = [len(re.findall(mark, text)) for text in texts]
        assert sum(kept) == sum(found) > 0
    code = [c.source for c in whole.cells if c.cell_type == "code"]
    solved = sum(map(is_solution, whole.cells))
    assert solved > 0
    kept = [c.source for c in nb.cells if c.cell_type == "code"]
    assert len(kept) == len(code) - solved
    assert set(kept) <= set(code)


@pytest.mark.parametrize("name", RUN)
def test_a_cut_notebook_runs_alone(name, tmp_path):
    assert handouts.main([str(tmp_path)]) == 0
    written = {path.stem for path in tmp_path.glob("*.ipynb")}
    assert written == CHAPTERS.keys()
    nb = nbformat.read(tmp_path / f"{name}.ipynb", as_version=4)
    assert [own_name(cell) for cell in nb.cells[1:3]] == ["badge", "setup"]
    notebooks.execute(nb, tmp_path / f"{name}.ipynb")
