"""What a chapter must have: each part that goes missing is told."""

from tools import anatomy
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

TITLE = """# Bend it

*35 minutes.* **Before you start:** nothing.

**You will learn**

- one;
- two;
- three."""
BODY = (
    "**Predict, then run.** A?\n\n**Predict, then look.** B?\n\n### Check"
)
QUESTION = """**Question {n}.** What? (a) this (b) that

<details><summary>Answer</summary>

**(a)**, since so. (b) is not so.

</details>
"""
END = """## Recap

- one
- two
- three

**Further reading.** [A](../book/bibliography.md#a2001) and
[B](../book/bibliography.md#b2002)."""
SOLUTION = {
    "tags": ["hide-cell"],
    "cellView": "form",
    "jupyter": {"source_hidden": True},
}
MEASURES = {
    "words": 1500,
    "code lines": 120,
    "exported": 40,
    "exercises": 3,
    "questions": 3,
    "answers": 3,
    "figures": 3,
    "alt texts": 3,
    "checks": 2,
}


def chapter():
    nb = new_notebook(cells=[new_markdown_cell(TITLE)])
    nb.cells.append(new_markdown_cell(BODY))
    for n in (1, 2, 3):
        nb.cells.append(new_markdown_cell(f"### Exercise {n} — Do it"))
        nb.cells.append(new_code_cell("x = 1", metadata=SOLUTION))
    quiz = "\n".join(QUESTION.format(n=n) for n in (1, 2, 3))
    nb.cells.append(new_markdown_cell(f"### Quiz\n\n{quiz}"))
    nb.cells.append(new_markdown_cell(END))
    return nb


def found(nb, **measures):
    return list(anatomy.departures(nb, MEASURES | measures))


def test_a_whole_chapter_lacks_nothing():
    assert found(chapter()) == []


@pytest.mark.parametrize(
    ("measures", "what"),
    [
        ({"words": 1100}, "words: 1100, expected 1200"),
        ({"words": 2000}, "words: 2000"),
        ({"figures": 2, "alt texts": 2}, "figures: 2"),
        ({"exercises": 6}, "exercises: 6"),
        ({"checks": 0}, "checks: 0"),
        ({"code lines": 60}, "20 lines of code"),
        ({"code lines": 300}, "260 lines of code"),
        ({"answers": 2}, "not every question"),
        ({"alt texts": 2}, "not every figure"),
    ],
)
def test_a_measure_out_of_bounds(measures, what):
    (problem,) = found(chapter(), **measures)
    assert what in problem


@pytest.mark.parametrize(
    ("cell", "old", "new", "what"),
    [
        (0, "*35 minutes.*", "", "how long it takes"),
        (0, "**Before you start:**", "", "Before you start"),
        (0, "- two;\n", "", "You will learn"),
        (1, "**Predict, then look.**", "", "less than twice"),
        (1, "### Check", "", "Check"),
        (8, "(b) is not so.", "", "the answer to question 1. skips (b)"),
        (9, "- two\n", "", "Recap"),
        (9, "[B](../book/bibliography.md#b2002)", "", "Further reading"),
    ],
)
def test_a_part_that_is_missing(cell, old, new, what):
    nb = chapter()
    assert old in nb.cells[cell].source
    source = nb.cells[cell].source.replace(old, new, 1)
    nb.cells[cell].source = source
    (problem,) = found(nb)
    assert what in problem


@pytest.mark.parametrize("number", [1, 2, 3])
def test_an_exercise_without_a_solution(number):
    nb = chapter()
    del nb.cells[1 + 2 * number]
    assert found(nb) == [f"exercise {number} has no solution cell"]
    nb = chapter()
    nb.cells[1 + 2 * number].metadata = {}
    assert found(nb) == [f"exercise {number} has no solution cell"]
