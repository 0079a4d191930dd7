"""The printed book: every part of a page, solutions at the end."""

import io
import shutil

import pytest
from pypdf import PdfReader

from tools import pdf

NAMES = ["book/welcome", "notebooks/01_one_neuron"]


@pytest.fixture(scope="module")
def printed(browser, site):
    return PdfReader(
        io.BytesIO(pdf.print_book(site, NAMES, browser=browser))
    )


def test_a_bookmark_for_each_page(printed):
    welcome, chapter = (item.title for item in printed.outline)
    assert welcome == "From One Neuron"
    assert chapter.endswith("One neuron")
    assert printed.metadata.title == "From One Neuron"


def test_solutions_stand_behind_the_recap_and_are_readable(printed):
    text = "\n".join(sheet.extract_text() for sheet in printed.pages)
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
