"""The first view of each page is light, and nothing on it moves."""

import statistics
import threading

import pytest
import yaml
from bs4 import BeautifulSoup

from tools import pdf, weigh
from tools.browser import serve

TOC = yaml.safe_load((pdf.ROOT / "_toc.yml").read_text("utf-8"))
PAGES = pdf.pages(TOC)
CHAPTERS = [page for page in PAGES if page.startswith("notebooks/")]
LIMIT = 300_000  # bytes
MEDIAN = 200_000  # of the chapters, which are the heavy pages
SHIFT = 0.02


@pytest.fixture(scope="module")
def weights(browser, site):
    with serve(site, weigh.Compressing) as web:
        yield {p: weigh.weigh(browser, f"{web}{p}.html") for p in PAGES}


def test_no_page_is_heavy(browser, site, weights):
    """Whether a picture far below is fetched too depends on the moment."""
    total = {page: found["total"] for page, found in weights.items()}
    heavy = {p: n for p, n in total.items() if n > LIMIT}
    assert heavy == {}
    if statistics.median(map(total.get, CHAPTERS)) > MEDIAN:
        with serve(site, weigh.Compressing) as web:
            for page in CHAPTERS:
                again = weigh.weigh(browser, f"{web}{page}.html")["total"]
                total[page] = min(total[page], again)
    assert statistics.median(map(total.get, CHAPTERS)) <= MEDIAN


def test_every_kind_of_file_is_weighed(weights):
    found = weights["notebooks/01_one_neuron"]["bytes"]
    assert min(found[kind] for kind in weigh.KINDS) > 1000


def test_nothing_moves_while_a_page_loads(weights):
    moving = {
        p: w["shift"] for p, w in weights.items() if w["shift"] > SHIFT
    }
    assert moving == {}


def saved():
    """The table that the command has written: {row: {column: text}}."""
    heads, _, *rows = (
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in weigh.TABLE.read_text("utf-8").splitlines()
        if line.startswith("|")
    )
    return {
        name: dict(zip(heads[1:], row, strict=True)) for name, *row in rows
    }


def test_the_saved_table_keeps_the_limits():
    found = saved()
    for page in (TOC["root"], *CHAPTERS):
        assert weigh.in_table(page, TOC) in found, "measure it anew"
    largest = found["largest of each column"]
    assert float(largest["kB"]) <= LIMIT / 1000
    assert float(largest["shift"]) <= SHIFT
    assert 0 < float(largest["figures alive, s"]) <= 3


def test_the_saved_table_is_that_of_these_pages(weights):
    """Without the pictures, of which more or fewer may be fetched."""
    columns = dict(zip(weigh.HEADS[1:], weigh.KINDS, strict=False))
    columns.pop("pictures")
    for page in (TOC["root"], *CHAPTERS):
        row, found = saved()[weigh.in_table(page, TOC)], weights[page]
        said = sum(float(row[column]) for column in columns)
        now = sum(found["bytes"][kind] for kind in columns.values()) / 1000
        assert abs(said - now) < 0.1 * said, page


def test_the_page_of_results_shows_the_saved_table(site):
    text = (site / "book/results.html").read_text("utf-8")
    page = BeautifulSoup(text, "html.parser")
    (table,) = (
        t for t in page.select("table") if "figures alive" in t.thead.text
    )
    shown = [
        [cell.text.strip() for cell in row.select("th, td")]
        for row in table.tbody.select("tr")
    ]
    assert shown == [[name, *row.values()] for name, row in saved().items()]


def test_a_figure_lives_before_the_style_sheets_are_here(browser, site):
    arrived = threading.Event()

    class Late(weigh.Compressing):
        def do_GET(self):
            if ".css" in self.path:
                arrived.wait(30)
            super().do_GET()

    page = browser.new_page()
    with serve(site, Late) as web:
        page.goto(f"{web}{CHAPTERS[7]}.html", wait_until="commit")
        figure = "figure[data-state=ready]"
        page.wait_for_selector(figure, state="attached")
        sheets = page.evaluate("[...document.styleSheets].map(s => s.href)")
        assert not any(sheets)
        assert not page.locator("article h1").is_visible()
        arrived.set()
        page.locator("article h1").wait_for()
        for font in ("nn-serif", "nn-sans", "nn-mono", "MJXTEX-I"):
            assert page.evaluate(f"document.fonts.check('1em {font}')")
    page.close()


def test_only_a_page_with_a_figure_comes_alive(weights):
    assert weights[CHAPTERS[0]]["alive"] > 0
    assert weights["book/bibliography"]["alive"] is None


def test_a_figure_that_comes_late_is_timed(browser, site, weights):
    page = CHAPTERS[14]
    with serve(site, weigh.Compressing) as web:
        slow = weigh.weigh(browser, f"{web}{page}.html", slow=True)
    assert weights[page]["alive"] is None
    assert 0 < slow["alive"] < 30
    assert slow["total"] < LIMIT


def test_a_shift_is_noticed(browser, tmp_path):
    (tmp_path / "page.html").write_text(
        "<!doctype html><div id=a></div><p>text</p><script>"
        "setTimeout(() => a.style.height = '300px', 200)</script>"
    )
    with serve(tmp_path, weigh.Compressing) as web:
        found = weigh.weigh(browser, f"{web}page.html")
    assert found["shift"] > SHIFT
