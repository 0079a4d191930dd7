"""The built site in a browser: every page, on three screens, offline.

A request that leaves the site and an uncaught error fail the test.
"""

import json
import re
from pathlib import Path

import pytest
import yaml

from nn import figures
from nn.figures._figure import DPI
from tools import pdf

ROOT = Path(__file__).resolve().parents[2]

TOC = yaml.safe_load((ROOT / "_toc.yml").read_text("utf-8"))
PAGES = pdf.pages(TOC)
CHAPTERS = [page for page in PAGES if page.startswith("notebooks/")]
SCREENS = {
    "desktop": {"viewport": {"width": 1280, "height": 900}},
    "phone": {"viewport": {"width": 320, "height": 640}},
    "dark": {"color_scheme": "dark"},
}
# how far the page scrolls sideways; boxes that scroll by themselves may
WIDE = """() => {
  const edge = document.documentElement.clientWidth;
  return [document.documentElement.scrollWidth - edge];
}"""
# all of a page laid out, which otherwise waits until a reader comes near
WHOLE = "section { content-visibility: visible !important; }"
SIZE = re.compile(r"\b(?:font|label)?size=(\d+)")
FORMULAS = """() => [
  document.querySelectorAll("mjx-container").length,
  [...document.querySelectorAll("mjx-merror, [data-mjx-error]")]
    .map(e => e.textContent)]"""
# code that scrolls sideways, by its first words
SCROLLS = """() => [...document.querySelectorAll(".cell_input pre")]
  .filter(e => e.scrollWidth > e.clientWidth + 1)
  .map(e => e.textContent.slice(0, 60))"""
# titles of folds in another colour than the fold
TITLES = """() =>
  [...document.querySelectorAll("details.hide > summary > span")]
  .filter(e => getComputedStyle(e).color
    != getComputedStyle(e.closest("summary")).color)
  .map(e => e.textContent)"""
# the state of each interactive figure, and what colour is behind it
FIGURES = """() => [...document.querySelectorAll("figure[data-nn]")]
  .map(e => [e.dataset.state,
    getComputedStyle(e.parentElement).backgroundColor])"""
OPEN = """() => document.querySelectorAll("details")
  .forEach(e => { e.open = true; })"""
# whether the Tab key stops at all code, pictures, formulas that scroll
REACHED = """() =>
  [...document.querySelectorAll("pre, .output_area, div.math")].every(
    e => (e.scrollWidth > e.clientWidth) <= (e.tabIndex === 0))"""
# of each picture: its width beside that of its file, whether it scrolls,
# and whether a mark says so
PICTURES = """() => [...document.querySelectorAll(".nn-still")].map(e => {
  const [frame, image] = [e.firstChild, e.querySelector("img")];
  return [
    image.getBoundingClientRect().width / image.getAttribute("width"),
    frame.scrollWidth > frame.clientWidth,
    parseFloat(getComputedStyle(e, "::after").width) > 20];
})"""
# code with text under its copy button
COVERED = """() => [...document.querySelectorAll("button.copybtn")]
  .filter(button => {
    const box = button.getBoundingClientRect();
    const range = document.createRange();
    range.selectNodeContents(button.parentElement.querySelector("pre"));
    return [...range.getClientRects()].some(e => e.right > box.left
      && e.left < box.right && e.bottom > box.top && e.top < box.bottom);
  }).map(button => button.parentElement.textContent.slice(0, 60))"""


@pytest.fixture(scope="module")
def web(site, serve):
    return serve(site)


def figures_of(html):
    """How many interactive figures a page holds."""
    return html.count('<figure class="nn ')


def sizes_in(name):
    """The smallest text in each picture of a chapter, in points."""
    book = json.loads((ROOT / f"{name}.ipynb").read_text("utf-8"))
    usual = figures.STYLE["font.size"]
    return [
        min([usual, *map(float, SIZE.findall("".join(cell["source"])))])
        for cell in book["cells"]
        for output in cell.get("outputs", ())
        if {"image/png", "text/html"} & output.get("data", {}).keys()
        == {"image/png"}
    ]


@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_whole_and_asks_nobody(visit, site, web, name, screen):
    file = f"{name}.html"
    ready = figures_of((site / file).read_text("utf-8"))
    options = {"ready": ready, **SCREENS[screen]}
    with visit(web + file, web, **options) as page:
        formulas, errors = page.evaluate(FORMULAS)
        assert errors == []
        page.add_style_tag(content=WHOLE)
        if name in CHAPTERS:
            assert formulas > 10
        assert page.evaluate(WIDE) == [0]
        if screen == "phone":
            page.evaluate(OPEN)
            page.wait_for_function(REACHED)
            assert page.evaluate(WIDE) == [0]
            assert page.evaluate(COVERED) == []
            found = page.evaluate(PICTURES)
            sizes = [figures.STYLE["font.size"]] * len(found)
            if name in CHAPTERS:
                sizes = sizes_in(name)
            for row, size in zip(found, sizes, strict=True):
                scale, scrolls, is_marked = row
                assert size * DPI / 72 * scale >= 9
                assert scrolls == is_marked
        if screen == "desktop":
            assert page.evaluate(SCROLLS) == []
        if screen == "dark":
            theme = page.evaluate("document.documentElement.dataset.theme")
            assert theme == "dark"
            assert page.evaluate(TITLES) == []
            alive = page.evaluate(FIGURES)
            assert alive == [["ready", "rgba(0, 0, 0, 0)"]] * ready


@pytest.mark.parametrize("name", CHAPTERS)
def test_a_page_works_as_a_file(visit, site, name):
    base = f"file://{site}/"
    ready = figures_of((site / f"{name}.html").read_text("utf-8"))
    with visit(f"{base}{name}.html", base, ready=ready) as page:
        formulas, errors = page.evaluate(FORMULAS)
        assert formulas > 10
        assert errors == []
        states = [state for state, _ in page.evaluate(FIGURES)]
        assert states == ["ready"] * ready


def test_search_finds_a_word_without_a_network(visit, web):
    address = f"{web}search.html?q=transpose"
    with visit(address, web, ready=0) as page:
        page.wait_for_selector("#search-results li a")
        found = page.locator("#search-results li a").all_text_contents()
        assert any("transpose" in title for title in found)


@pytest.mark.parametrize("name", ["fit", "Dense"])
def test_search_finds_a_name_of_the_package_first(visit, web, name):
    address = f"{web}search.html?q={name}"
    with visit(address, web, ready=0) as page:
        page.wait_for_selector("#search-results li a")
        first = page.locator("#search-results li a").first
        target = f".{name}"
        assert first.get_attribute("href").endswith(target)


@pytest.mark.parametrize("query", ["(8.4)", "8.4"])
def test_search_finds_an_equation_by_its_number(visit, web, query):
    with visit(f"{web}search.html?q={query}", web, ready=0) as page:
        link = page.locator("a:has-text('Equation (8.4)')")
        link.click()
        page.wait_for_load_state()
        assert f"{CHAPTERS[7]}.html#mjx-eqn:8.4" in page.url
        assert page.locator(":target").count() == 1


def test_search_finds_initialization_and_shows_text(visit, web):
    address = f"{web}search.html?q=initialization"
    with visit(address, web, ready=0) as page:
        page.wait_for_selector("#search-results li p.context")
        page.wait_for_load_state("networkidle")
        found = page.locator("#search-results li").all_text_contents()
        assert any("A good start" in text for text in found)
        assert not any(".ipynb" in text for text in found)


def test_the_copy_button_leaves_out_prompts(visit, web):
    address = f"{web}book/numpy_in_twenty_lines.html"
    with visit(address, web, ready=0) as page:
        page.context.grant_permissions(["clipboard-read"])
        block = page.locator(".highlight").first
        block.hover()
        block.locator("button.copybtn").click()
        copied = page.evaluate("navigator.clipboard.readText()")
        assert ">>>" in block.inner_text()
        assert copied
        assert ">>>" not in copied


@pytest.mark.parametrize("how", ["click", "tap", "press"])
def test_a_menu_opens_at_once_though_its_script_comes_late(visit, web, how):
    address, menu = f"{web}book/glossary.html", ".dropdown-download-buttons"
    with visit(address, web, ready=0, has_touch=True) as page:
        assert page.locator("script[src*=bootstrap]").count() == 0
        button = page.locator(f"{menu} button").first
        getattr(button, how)(*["Enter"][: how == "press"])
        page.wait_for_selector(f"{menu} .dropdown-menu.show")


def test_a_folded_solution_opens(visit, web):
    with visit(f"{web}{CHAPTERS[0]}.html", web, ready=0) as page:
        fold = page.locator("details.hide:has-text('Show the solution')")
        code = fold.first.locator("pre").first
        assert not code.is_visible()
        fold.first.locator("summary").click()
        assert code.is_visible()


def test_no_formula_is_a_stop_of_the_tab_key(visit, web):
    with visit(f"{web}{CHAPTERS[7]}.html", web, ready=0) as page:
        assert page.locator("mjx-container").count() > 10
        assert page.locator("mjx-container[tabindex]").count() == 0


def test_what_is_far_away_is_laid_out_when_a_reader_comes_near(visit, web):
    laid_out = """e => e.querySelector("p").checkVisibility({
      contentVisibilityAuto: true })"""
    with visit(f"{web}{CHAPTERS[7]}.html", web, ready=0) as page:
        first, *_, last = page.locator("article > section > section").all()
        assert [first.evaluate(laid_out), last.evaluate(laid_out)] == [
            True,
            False,
        ]
        last.scroll_into_view_if_needed()
        page.wait_for_timeout(200)
        assert last.evaluate(laid_out)


@pytest.mark.parametrize("width", [390, 1280])
def test_a_link_leads_to_its_heading(visit, web, width):
    """Though the heights of the parts above it are guesses."""
    address = f"{web}{CHAPTERS[7]}.html#exercise-3-six-mutants"
    size = {"width": width, "height": 844}
    with visit(address, web, ready=0, viewport=size) as page:
        page.wait_for_load_state()
        page.wait_for_timeout(700)
        head = page.locator("#exercise-3-six-mutants h3")
        assert 0 <= head.bounding_box()["y"] < 150
        page.mouse.move(width / 2, 500)
        page.mouse.wheel(0, -600)
        page.wait_for_timeout(500)
        moved = head.bounding_box()["y"]
        assert 500 < moved < 750  # and what is above it stays in place
