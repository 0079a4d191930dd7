"""The built site in a browser: every page, on three screens, offline.

A request that leaves the site and an uncaught error fail the test.
"""

from pathlib import Path

import pytest
import yaml

from tools import browser as pages
from tools import pdf

ROOT = Path(__file__).resolve().parents[2]

TOC = yaml.safe_load((ROOT / "_toc.yml").read_text("utf-8"))
PAGES = pdf.pages(TOC)
CHAPTERS = [page for page in PAGES if page.startswith("notebooks/")]
SCREENS = {
    "desktop": {"viewport": {"width": 1280, "height": 900}},
    "phone": {"viewport": {"width": 390, "height": 800}},
    "dark": {"color_scheme": "dark"},
}
# how far the page scrolls sideways; boxes that scroll by themselves may
WIDE = """() => {
  const edge = document.documentElement.clientWidth;
  return [document.documentElement.scrollWidth - edge];
}"""
FORMULAS = """() => MathJax.startup.promise.then(() => [
  document.querySelectorAll("mjx-container").length,
  [...document.querySelectorAll("mjx-merror, [data-mjx-error]")]
    .map(e => e.textContent)])"""
# code that scrolls sideways, by its first words
SCROLLS = """() => [...document.querySelectorAll(".cell_input pre")]
  .filter(e => e.scrollWidth > e.clientWidth + 1)
  .map(e => e.textContent.slice(0, 60))"""


@pytest.fixture(scope="module")
def web(site):
    with pages.serve(site) as address:
        yield address


def figures_of(html):
    """How many interactive figures a page holds."""
    return html.count('<figure class="nn ')


@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_whole_and_asks_nobody(browser, site, web, name, screen):
    file = f"{name}.html"
    ready = figures_of((site / file).read_text("utf-8"))
    options = {"ready": ready, **SCREENS[screen]}
    with pages.visit(browser, web + file, web, **options) as page:
        if page.evaluate("typeof MathJax") != "undefined":
            formulas, errors = page.evaluate(FORMULAS)
            assert errors == []
            if name in CHAPTERS:
                assert formulas > 10
        assert page.evaluate(WIDE) == [0]
        if screen == "desktop":
            assert page.evaluate(SCROLLS) == []
        if screen == "dark":
            theme = page.evaluate("document.documentElement.dataset.theme")
            assert theme == "dark"


@pytest.mark.parametrize("name", CHAPTERS[:3])
def test_a_page_works_as_a_file(browser, site, name):
    base = f"file://{site}/"
    ready = figures_of((site / f"{name}.html").read_text("utf-8"))
    with pages.visit(
        browser, f"{base}{name}.html", base, ready=ready
    ) as page:
        formulas, errors = page.evaluate(FORMULAS)
        assert formulas > 10
        assert errors == []


def test_search_finds_a_word_without_a_network(browser, web):
    address = f"{web}search.html?q=transpose"
    with pages.visit(browser, address, web, ready=0) as page:
        page.wait_for_selector("#search-results li a")
        found = page.locator("#search-results li a").all_text_contents()
        assert any("transpose" in title for title in found)


def test_a_folded_solution_opens(browser, web):
    with pages.visit(
        browser, f"{web}{CHAPTERS[0]}.html", web, ready=0
    ) as page:
        fold = page.locator("details.hide:has-text('Show the solution')")
        code = fold.first.locator("pre").first
        assert not code.is_visible()
        fold.first.locator("summary").click()
        assert code.is_visible()
