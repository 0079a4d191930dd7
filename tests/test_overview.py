"""The lists of chapters in README.md and for teachers."""

import re
from pathlib import Path

import pytest
from nbformat.v4 import new_markdown_cell, new_notebook

from tools import cells, export, overview

ROOT = Path(__file__).resolve().parents[1]
TITLE = """# Bend it

*40 minutes.* **Before you start:** one neuron ([chapter
1](01_one_neuron.ipynb)), and |w|.

**You will learn**

- what a bend
  is;
- where it is.
"""


@pytest.fixture
def book(tmp_path, monkeypatch):
    """A book of one chapter with this title cell."""
    path = tmp_path / "03_bend_it.ipynb"

    def book(title):
        nb = new_notebook(cells=[new_markdown_cell(title)])
        path.write_text(cells.text(nb), encoding="utf-8")
        held = {"layers": {"ReLU": True, "Dense": False}}
        monkeypatch.setattr(export, "chapters", lambda: [path])
        monkeypatch.setattr(export, "holdings", lambda number: held)

    return book


def test_a_chapter_is_listed_with_its_first_aim(book):
    book(TITLE)
    address = "https://site/notebooks/03_bend_it.html"
    line = f"3. [Bend it]({address}): what a bend is"
    assert overview.chapters("https://site/") == [line]


def test_needs_and_gives_are_those_of_the_title_cell(book):
    book(TITLE)
    assert overview.needs_and_gives()[2:] == [
        "| 3. [Bend it](../notebooks/03_bend_it.ipynb), 40 minutes "
        "| one neuron ([chapter 1](../notebooks/01_one_neuron.ipynb)), "
        r"and \|w\| "
        "| what a bend is; where it is; in `nn`: `ReLU` |"
    ]


@pytest.mark.parametrize("part", ["40 minutes", "Before", "You will"])
def test_a_title_cell_without_its_parts_is_named(book, part):
    book(TITLE.replace(part, ""))
    with pytest.raises(ValueError, match=r"03_bend_it\.ipynb: the title"):
        overview.chapters("https://site/")


def test_the_teachers_page_has_errors_and_questions_for_every_chapter():
    page = (ROOT / "book" / "for_teachers.md").read_text("utf-8")
    parts = re.split(r"(?m)^### ", page)[1:]
    assert [part.partition("\n")[0] for part in parts] == [
        f"{one.number}. {one.title}"
        for one in map(overview.opener, export.chapters())
    ]
    for part in parts:
        assert len(re.findall(r"(?m)^- ", part)) >= 2
        questions = re.findall(r"(?m)^\*\*.*\?\*\*$|^\*\*.*\.\*\*$", part)
        assert len(questions) == part.count("<summary>Answer") >= 2


def test_every_chapter_has_its_line_in_the_readme():
    readme = (ROOT / "README.md").read_text("utf-8")
    listed = re.findall(
        r"(?m)^\d+\. \[.*/notebooks/(\w+)\.html\): ", readme
    )
    assert listed == [path.stem for path in export.chapters()]
