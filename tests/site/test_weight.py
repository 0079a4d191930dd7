"""The first view of each page is light, and nothing on it moves."""

import statistics

import pytest
import yaml

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


def test_no_page_is_heavy(weights):
    total = {page: found["total"] for page, found in weights.items()}
    heavy = {p: n for p, n in total.items() if n > LIMIT}
    assert heavy == {}
    assert statistics.median(map(total.get, CHAPTERS)) <= MEDIAN


def test_every_kind_of_file_is_weighed(weights):
    found = weights["notebooks/01_one_neuron"]["bytes"]
    assert min(found[kind] for kind in weigh.KINDS) > 1000


def test_nothing_moves_while_a_page_loads(weights):
    moving = {
        p: w["shift"] for p, w in weights.items() if w["shift"] > SHIFT
    }
    assert moving == {}


def test_only_a_page_with_a_figure_comes_alive(weights):
    assert weights[CHAPTERS[0]]["alive"] > 0
    assert weights["book/bibliography"]["alive"] is None


def test_a_shift_is_noticed(browser, tmp_path):
    (tmp_path / "page.html").write_text(
        "<!doctype html><div id=a></div><p>text</p><script>"
        "setTimeout(() => a.style.height = '300px', 200)</script>"
    )
    with serve(tmp_path, weigh.Compressing) as web:
        found = weigh.weigh(browser, f"{web}page.html")
    assert found["shift"] > SHIFT
