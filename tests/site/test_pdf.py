"""The printed book: every part of a page, solutions at the end."""

import io
import re
import shutil

import pytest
from pypdf import PdfReader

from tools import pdf

NAMES = [
    "book/welcome",
    "notebooks/01_one_neuron",
    "notebooks/02_a_layer_is_a_matrix",
    "book/bibliography",
]
BASE = "https://someone.github.io/book/"
CONFIG = {"author": "Someone", "html": {"baseurl": BASE}}


def printed_as(edition, names, browser, site):
    data = pdf.print_book(
        site, names, browser=browser, config=CONFIG, edition=edition
    )
    return PdfReader(io.BytesIO(data))


@pytest.fixture(scope="module")
def printed(browser, site):
    return printed_as("book", NAMES, browser, site)


def links(reader):
    """(addresses on the web, names of places inside) of all links."""
    web, inside = [], []
    for sheet in reader.pages:
        for note in sheet.get("/Annots", ()):
            link = note.get_object()
            action = link.get("/A", {})
            if "/URI" in action:
                web.append(str(action["/URI"]))
            else:
                inside.append(link.get("/Dest", action.get("/D")))
    return web, inside


def words(reader):
    return "\n".join(sheet.extract_text() for sheet in reader.pages)


def test_every_link_resolves(printed):
    web, inside = links(printed)
    assert len(inside) > 10
    assert set(inside) <= printed.named_destinations.keys()
    assert [a for a in web if not a.startswith(("https:", "http:"))] == []
    # pages that were not printed are on the site
    assert f"{BASE}book/api/layers.html#module-nn.layers" in web


def test_the_contents_give_the_pages_of_the_chapters(printed):
    first = printed.pages[0].extract_text()
    place = printed.named_destinations["/notebooks-01_one_neuron"]
    number = printed.get_destination_page_number(place)
    assert re.search(rf"Chapter 1 One neuron\s+{number + 1}\b", first)
    sheet = printed.pages[number].extract_text()
    assert re.search(r"CHAPTER 1", sheet, re.IGNORECASE)
    assert re.search(rf"\b{number + 1}\b", sheet.splitlines()[-1])


def test_a_bookmark_for_each_page(printed):
    titles = [i.title for i in printed.outline if not isinstance(i, list)]
    assert len(titles) >= len(NAMES)
    assert any("One neuron" in title for title in titles)
    assert printed.metadata.title == "From One Neuron"
    assert printed.metadata.author == "Someone"


def test_the_exercises_come_without_and_the_key_with_answers(browser, site):
    names = NAMES[1:2]
    sheets = words(printed_as("exercises", names, browser, site))
    key = words(printed_as("key", names, browser, site))
    for text in (sheets, key):
        assert "Exercise 1" in text
        assert "Question 3" in text
        assert "You will learn" not in text
        assert "Recap" not in text
    assert "corners @ ones - 1.5 > 0" in key
    assert "corners @ ones - 1.5 > 0" not in sheets
    assert len(key) > len(sheets)


def test_slides_show_figures_and_questions_and_no_answers(browser, site):
    slides = printed_as("slides", NAMES[1:2], browser, site)
    width, height = slides.pages[0].mediabox[2:]
    assert width > height
    text = words(slides)
    assert "Predict, then" in text
    assert "Question 3" in text
    assert "corners @ ones - 1.5 > 0" not in text
    assert sum(len(sheet.images) for sheet in slides.pages) >= 4
    assert all(sheet.extract_text().strip() for sheet in slides.pages)


def test_solutions_stand_behind_the_recap_and_are_readable(printed):
    text = words(printed)
    text = text[text.index("You will learn") :]
    text = text[: text.index("A layer is a matrix")]
    recap, solutions = text.index("Recap"), text.rindex("Solutions")
    assert recap < solutions
    assert "corners @ ones - 1.5 > 0" not in text[:recap]
    assert "corners @ ones - 1.5 > 0" in text[solutions:]
    assert "PackageNotFoundError" not in text  # folded code stays folded
    assert "Open in Colab" not in text


def test_pictures_and_the_poster_are_printed(printed):
    assert sum(len(sheet.images) for sheet in printed.pages) >= 4


def test_the_welcome_page_gets_a_link(site, tmp_path):
    (tmp_path / "book").mkdir()
    page = tmp_path / "book" / "welcome.html"
    shutil.copy(site / "book" / "welcome.html", page)
    pdf.link(tmp_path)
    assert f'<a href="../{pdf.NAME}">this PDF</a>' in page.read_text()
    pdf.link(tmp_path)  # a second time changes nothing
    page.write_text("another page")
    with pytest.raises(ValueError, match="does not speak of"):
        pdf.link(tmp_path)


def test_without_a_book_it_says_what_to_do(tmp_path, capsys):
    assert pdf.main(["--site", str(tmp_path)]) == 1
    assert "run make book" in capsys.readouterr().err
