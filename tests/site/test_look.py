"""What the book makes of the plain text of its chapters."""

import json
import re
from pathlib import Path

import pytest
import yaml
from bs4 import BeautifulSoup

from tools import pdf

ROOT = Path(__file__).resolve().parents[2]
TOC = yaml.safe_load((ROOT / "_toc.yml").read_text("utf-8"))
CHAPTERS = [p for p in pdf.pages(TOC) if p.startswith("notebooks/")]


@pytest.fixture(scope="module", params=CHAPTERS)
def chapter(request, site):
    """The number of a chapter, its page and its notebook."""
    path = site / f"{request.param}.html"
    page = BeautifulSoup(path.read_text("utf-8"), "html.parser").article
    book = json.loads((ROOT / f"{request.param}.ipynb").read_text("utf-8"))
    return int(path.name[:2]), page, book["cells"]


def text(cells, kind):
    return "\n\n".join(
        "".join(cell["source"])
        for cell in cells
        if cell["cell_type"] == kind
    )


def test_a_chapter_opens_with_all_that_a_reader_needs(chapter):
    number, page, _ = chapter
    assert page.h1.select_one(".nn-eyebrow").text == f"Chapter {number} "
    opener = page.h1.find_next_sibling()
    assert "nn-opener" in opener["class"]
    assert "minutes" in opener.p.text
    assert "Before you start" in opener.p.text
    assert len(opener.select("li")) >= 3
    (colab,) = opener.select("a.nn-colab")
    assert colab.text == "Open in Colab"
    assert "colab.research.google.com" in colab["href"]


def test_the_setup_is_in_the_notebook_and_not_on_the_page(chapter):
    _, page, cells = chapter
    assert "PackageNotFoundError" in text(cells, "code")
    assert "PackageNotFoundError" not in page.text
    opener = page.select_one(".nn-opener")
    for cell in opener.find_next_siblings("div", class_="cell"):
        assert "import" in cell.pre.text
        assert "Show the imports" in cell.details.summary.text


def test_every_question_before_an_answer_is_marked(chapter):
    _, page, cells = chapter
    asked = re.findall(
        r"(?m)(?:^|\n\n)\*\*Predict, then", text(cells, "markdown")
    )
    assert len(asked) >= 1
    assert len(page.select("p.nn-predict")) == len(asked)


def test_each_choice_of_the_quiz_has_its_own_line(chapter):
    _, page, cells = chapter
    quiz = text(cells, "markdown").partition("### Quiz")[2]
    said = re.sub(r"<details>.*?</details>", "", quiz, flags=re.DOTALL)
    choices = page.select("#quiz ul.nn-options > li")
    assert len(choices) == len(re.findall(r"\([a-e]\)\s", said))
    assert len(choices) >= 9
    for choice in choices:
        assert re.match(r"\([a-e]\) \S", choice.text.strip())
        assert len(re.findall(r"(?:^|\s)\([a-e]\) ", choice.text)) == 1


def test_figures_are_numbered_in_their_order(chapter):
    number, page, cells = chapter
    drawn = sum(
        "image/png" in output.get("data", {})
        for cell in cells
        for output in cell.get("outputs", ())
    )
    captions = page.select("p.nn-figure")
    assert len(captions) == drawn
    for count, caption in enumerate(captions, 1):
        assert caption.strong.text == f"Figure {number}.{count}"
        assert caption.text.endswith((".", "?", "!"))
        assert 20 < len(caption.text) < 300
