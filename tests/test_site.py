"""The built site: clean, whole, readable with no network at all.

One build serves all tests of this file; it takes from 10 to 60 seconds.
"""

import doctest
import json
import re
import unicodedata
from collections import Counter
from pathlib import Path
from urllib.parse import unquote, urlsplit
from zipfile import ZipFile

import pytest
import yaml
from bs4 import BeautifulSoup

from tools import api, merge, notebooks, pdf
from tools.cells import CAPTION

ROOT = Path(__file__).resolve().parents[1]
CONFIG = yaml.safe_load((ROOT / "_config.yml").read_text("utf-8"))
TOC = yaml.safe_load((ROOT / "_toc.yml").read_text("utf-8"))
PAGES = pdf.pages(TOC)
CHAPTERS = [page for page in PAGES if page.startswith("notebooks/")]


@pytest.fixture(scope="session")
def pages(site):
    """Every page of the site as a tree, by its path."""
    return {
        path: BeautifulSoup(path.read_text("utf-8"), "html.parser")
        for path in sorted(site.rglob("*.html"))
        if "_static" not in path.parts  # templates of the theme
    }


def cells_of(chapter):
    """All cells of a chapter."""
    return json.loads((ROOT / f"{chapter}.ipynb").read_text("utf-8"))[
        "cells"
    ]


def cells(chapter):
    """The code cells of a chapter, as text."""
    code = (c for c in cells_of(chapter) if c["cell_type"] == "code")
    return ["".join(cell["source"]) for cell in code]


def is_foreign(address):
    """Whether an address would be fetched from another site."""
    return re.match(r"\s*(?:https?:)?//", address) is not None


def broken_links(pages):
    """Links and sources inside the site that lead nowhere."""
    ids = {
        path: {tag["id"] for tag in page.find_all(id=True)}
        for path, page in pages.items()
    }
    broken = []
    for path, page in pages.items():
        for tag in page.find_all(["a", "link", "script", "img"]):
            address = tag.get("href") or tag.get("src") or ""
            parts = urlsplit(address)
            if parts.scheme or parts.netloc or address in ("", "#"):
                continue
            target = path
            if parts.path:
                target = (path.parent / unquote(parts.path)).resolve()
            if not target.is_file() or (
                parts.fragment
                and target in ids
                and unquote(parts.fragment) not in ids[target]
            ):
                broken.append(f"{path.name}: {address}")
    return broken


def foreign_requests(page):
    """What a browser would fetch from another site to show the page."""
    found = []
    for tag in page.find_all(True):
        # a link, the page's own address, a word to other programs
        if tag.name == "a" or "canonical" in tag.get("rel", ()):
            continue
        if tag.get("property", "").startswith("og:"):
            continue
        for name in ("src", "href", "srcset", "data", "poster", "content"):
            if is_foreign(str(tag.get(name, ""))):
                found.append(f"<{tag.name} {name}={tag[name]}>")
        style = tag.get("style", "") + (
            tag.get_text() if tag.name == "style" else ""
        )
        found += foreign_css(style)
        if tag.name == "script":
            urls = re.findall(r"https?://[^\s\"'`]+", tag.get_text())
            found += [u for u in urls if "//www.w3.org/" not in u]
    return found


def foreign_css(text):
    """What a style sheet would fetch from another site."""
    urls = re.findall(r"(?:url\(|@import\s)\s*[\"']?([^\"')\s]+)", text)
    return [url for url in urls if is_foreign(url.removeprefix("url("))]


def raw_tex(page):
    """Mathematics that was not recognised and shows as source text."""
    article = BeautifulSoup(str(page.find("article") or ""), "html.parser")
    for tag in article.select(".math, pre, code, script, style"):
        tag.decompose()
    return re.findall(
        r"\$\$|\\\(|\\\[|\\(?:frac|begin|sum|partial)\b", article.get_text()
    )


def images_without_text(page):
    """Images that say nothing to a reader who does not see them."""
    return [
        str(image)[:120]
        for image in page.find_all("img")
        if not image.get("alt", "").strip()
        and "logo__image" not in image.get("class", ())  # its name follows
    ]


def test_every_page_of_the_contents_is_built(site):
    missing = [p for p in PAGES if not (site / f"{p}.html").is_file()]
    assert not missing
    assert (site / "index.html").is_file()


def test_every_page_says_what_it_is_about(pages, site):
    base = CONFIG["html"]["baseurl"]
    said = {}
    for name in PAGES:
        head = pages[site / f"{name}.html"].head
        (text,) = head.select("meta[name=description]")
        assert 50 < len(text["content"]) <= 210, name
        assert "\\" not in text["content"], name
        said[text["content"]] = name
        tags = {
            t["property"]: t["content"] for t in head.select("[property]")
        }
        assert tags["og:description"] == text["content"]
        assert tags["og:title"] in head.title.text
        assert tags["og:url"] == f"{base}{name}.html"
        picture = tags["og:image"].removeprefix(base)
        assert (site / picture).is_file()
        (own,) = head.select("link[rel=canonical]")
        assert own["href"] == tags["og:url"]
        assert len(head.select("meta[name=viewport]")) == 1
    assert len(said) == len(PAGES)


def test_the_cover_has_a_card_for_each_chapter(pages, site):
    page = pages[site / "book/welcome.html"].article
    assert page.h1.text.startswith("From One Neuron")
    assert page.select_one("figure.nn")["data-nn"] == "neuron"
    start, colab = page.select(".nn-ways a")
    assert start["href"] == f"../{CHAPTERS[0]}.html"
    assert colab["href"].startswith("https://colab.research.google.com/")
    assert colab["href"].endswith(f"{CHAPTERS[0]}.ipynb")
    cards = page.select(".nn-cards > li")
    assert len(cards) == len(CHAPTERS)
    for card, chapter in zip(cards, CHAPTERS, strict=True):
        assert card.a["href"] == f"../{chapter}.html"
        title = "".join(cells_of(chapter)[0]["source"]).splitlines()[0]
        assert card.a.text.endswith(title.removeprefix("# "))
        says = card.select("p")[1].text
        aims = pages[site / f"{chapter}.html"].select(".nn-opener li")
        assert says.lower()[:-1] in [
            a.text.lower().strip()[:-1] for a in aims
        ]
        assert (site / "book" / card.img["src"]).resolve().is_file()


def test_the_pages_beside_the_book(pages, site):
    base = CONFIG["html"]["baseurl"]
    index = pages[site / "index.html"]
    assert index.html["lang"] == "en"
    assert index.title.text == "From One Neuron"
    assert index.select("meta[property='og:image']")
    assert index.a["href"] == "book/welcome.html"
    missing = pages[site / "404.html"]
    for link in missing("a"):
        place = link["href"].removeprefix(base)
        assert (site / place).is_file()
    places = re.findall(
        r"<loc>(.+?)</loc>", (site / "sitemap.xml").read_text()
    )
    assert sorted(places) == sorted(f"{base}{p}.html" for p in PAGES)


def test_a_title_twice_on_a_page_has_an_anchor_that_stays(pages):
    for path, page in pages.items():
        counted = page.select("article section[id]")
        wrong = [s["id"] for s in counted if re.match(r"id\d+$", s["id"])]
        assert wrong == [], path.name


def test_links_and_anchors_resolve(pages):
    assert broken_links(pages) == []


def test_nothing_is_fetched_from_another_site(site, pages):
    found = {p.name: foreign_requests(page) for p, page in pages.items()}
    assert {name: what for name, what in found.items() if what} == {}
    sheets = {
        s.name: foreign_css(s.read_text()) for s in site.rglob("*.css")
    }
    assert {name: what for name, what in sheets.items() if what} == {}


def test_thebe_is_gone(site):
    with_thebe = [
        page.name
        for page in site.rglob("*.html")
        if "thebe" in page.read_text("utf-8").lower()
    ]
    assert with_thebe == []


def test_images_have_alternative_text(pages):
    found = {p.name: images_without_text(page) for p, page in pages.items()}
    assert {name: what for name, what in found.items() if what} == {}


def test_ids_are_unique_on_each_page(pages):
    for path, page in pages.items():
        count = Counter(t["id"] for t in page.select("article [id]"))
        twice = [name for name, times in count.items() if times > 1]
        assert twice == [], path.name


def test_every_formula_is_set_before_it_is_read(site, pages):
    """No script sets them, and each has a text for screen readers."""
    number = 0
    for path, page in pages.items():
        assert raw_tex(page) == [], path.name
        assert not page.select("script[src*=tex-chtml]"), path.name
        for formula in page.select(".math"):
            (shown,) = formula("mjx-math")
            assert shown["aria-hidden"] == "true"
            assert formula.select("mjx-assistive-mml > math")
            assert not formula.select("mjx-merror, [data-mjx-error]")
            number += 1
    assert number > 1500
    assert not (site / "_static/mathjax").exists()


def test_a_tag_numbers_its_equation_once(pages):
    for path, page in pages.items():
        tags = [t["id"] for t in page.select("[id^=mjx-eqn]")]
        texts = [t.get_text() for t in page.select("mtd > mtext")]
        for tag in tags:
            name = tag.removeprefix("mjx-eqn:")
            assert texts.count(f"({name})") == 1, (path.name, tag)


@pytest.mark.parametrize("page", PAGES)
def test_the_colab_button_opens_the_pages_own_notebook(page, site, pages):
    repository = CONFIG["repository"]
    owner_and_name = urlsplit(repository["url"]).path
    address = (
        f"https://colab.research.google.com/github{owner_and_name}"
        f"/blob/{repository['branch']}/{page}.ipynb"
    )
    tree = pages[site / f"{page}.html"]
    buttons = {
        a["href"]
        for a in tree.select(".article-header-buttons a[href]")
        if "colab." in a["href"]
    }
    is_notebook = (ROOT / f"{page}.ipynb").is_file()
    assert is_notebook == (page in CHAPTERS)
    assert buttons == ({address} if is_notebook else set())


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_exported_cells_have_captions_that_lead_to_the_api(
    chapter, site, pages
):
    modules = [m[1] for m in map(CAPTION.match, cells(chapter)) if m]
    tree = pages[site / f"{chapter}.html"]
    captions = tree.select("p.nn-caption")
    links = [[a["href"] for a in c.select("a")] for c in captions]
    assert [c.a.get_text() for c in captions] == [
        f"nn/{module}.py" for module in modules
    ]
    assert [found[0] for found in links] == [
        f"../book/api/{module}.html#module-nn.{module}"
        for module in modules
    ]
    for module, (_, *names) in zip(modules, links, strict=True):
        page, target = f"../book/api/{module}.html", f"#nn.{module}."
        assert all(n.startswith(f"{page}{target}") for n in names), names
    code = [c.find_next_sibling("div").get_text() for c in captions]
    assert not any(CAPTION.match(text) for text in code)


def test_the_api_leads_to_the_chapters_and_back(site, pages):
    found = set()
    for chapter in CHAPTERS:
        page = site / f"{chapter}.html"
        for link in pages[page].select("p.nn-caption a[href*='#nn.']"):
            address, _, name = link["href"].partition("#")
            name = ".".join(name.split(".")[:3])
            entry = pages[(page.parent / address).resolve()].find(id=name)
            section = entry.find_parent("section")
            back = [a["href"] for a in section.select("p > a[href]")]
            anchor = f"nn-{name.split('.')[2].lower().replace('_', '-')}"
            assert f"../../{chapter}.html#{anchor}" in back, (chapter, name)
            found.add(name)
    written = {d.module for d in merge.collect(None, ROOT)[0].values()}
    assert found == {
        name for name in api.names() if name.split(".")[1] in written
    }


def test_the_index_of_the_api_has_every_name(site, pages):
    links = pages[site / "book/api.html"].select("table a[href]")
    names = [a["href"].partition("#")[2] for a in links]
    assert sorted(names) == sorted(api.names())


def test_some_cells_are_exported():
    exported = [c for page in CHAPTERS for c in cells(page)]
    assert any(CAPTION.match(cell) for cell in exported)


def test_every_source_has_its_anchor(site, pages):
    entries = (ROOT / "book/references.bib").read_text("utf-8")
    keys = re.findall(r"^@\w+\{(\w+),", entries, re.MULTILINE)
    page = pages[site / "book/bibliography.html"]
    assert len(keys) > 40
    assert len(keys) == len(set(keys))
    assert {tag["id"] for tag in page.select("div.citation[id]")} == set(
        keys
    )


def test_glossary_is_in_order_and_names_chapters(site, pages):
    page = pages[site / "book/glossary.html"]
    entries = page.select("#glossary > section")
    terms = [e.h2.find(string=True) for e in entries]
    assert len(terms) > 50
    assert terms == sorted(
        terms, key=lambda term: term.lower().replace("-", " ")
    )
    for entry in entries:
        chapter = entry.select("p a")[-1]["href"]
        assert Path(chapter).stem in {Path(c).name for c in CHAPTERS}


def test_the_site_carries_the_wheel_that_the_first_cells_install(site):
    """It has all files of nn, as they are."""
    with ZipFile(site / notebooks.wheel()) as wheel:
        for path in ROOT.glob("nn/**/*.*"):
            if "__pycache__" not in path.parts:
                name = path.relative_to(ROOT).as_posix()
                assert wheel.read(name) == path.read_bytes(), name


def test_numpy_in_twenty_lines():
    text = (ROOT / "book/numpy_in_twenty_lines.md").read_text("utf-8")
    blocks = re.findall(r"```pycon\n(.*?)```", text, re.DOTALL)
    test = doctest.DocTestParser().get_doctest(
        "\n".join(blocks), {}, "numpy_in_twenty_lines", None, 0
    )
    assert len(test.examples) == 20
    report = []
    flags = doctest.NORMALIZE_WHITESPACE
    runner = doctest.DocTestRunner(optionflags=flags, verbose=False)
    failed = runner.run(test, out=report.append).failed
    assert failed == 0, "".join(report)


def test_the_welcome_page_has_the_program_of_the_readme(site, pages):
    readme = (ROOT / "README.md").read_text("utf-8")
    (program,) = re.findall(r"```python\n(.*?)```", readme, re.DOTALL)
    blocks = pages[site / "book/welcome.html"].select("pre")
    assert program.strip() in [b.get_text().strip() for b in blocks]


PAGE = """<article><h1 id="a">A</h1><a href="#a">up</a>
<img src="x.png" alt="A line that rises">
<div class="math">\\[\\frac{1}{2}\\]</div>%s</article>"""


@pytest.mark.parametrize(
    ("planted", "check"),
    [
        ('<a href="#b">x</a>', "links"),
        ('<a href="gone.html">x</a>', "links"),
        ('<script src="gone.js"></script>', "links"),
        ('<script src="https://cdn.example/x.js"></script>', "foreign"),
        ('<link rel="stylesheet" href="//cdn.example/x.css">', "foreign"),
        ('<img src="https://img.example/x" alt="A badge">', "foreign"),
        ('<p style="background: url(https://x.example/y)">', "foreign"),
        ('<style>@import "https://x.example/y.css";</style>', "foreign"),
        ("<style>@import url(//x.example/y.css);</style>", "foreign"),
        ('<script>fetch("https://x.example")</script>', "foreign"),
        ('<img src="x.png">', "alt"),
        ('<img src="x.png" alt=" ">', "alt"),
        (r"<p>$$\frac{1}{2}$$</p>", "tex"),
        ("<p>nothing is wrong here</p>", None),
    ],
)
def test_the_checks_find_planted_faults(planted, check, tmp_path):
    path = tmp_path / "page.html"
    path.write_text(PAGE % planted)
    (tmp_path / "x.png").touch()
    page = BeautifulSoup(path.read_text(), "html.parser")
    found = {
        "links": broken_links({path: page}),
        "foreign": foreign_requests(page),
        "alt": images_without_text(page),
        "tex": raw_tex(page),
    }
    assert {name for name, what in found.items() if what} == (
        {check} if check else set()
    )


def test_every_term_of_the_glossary_is_linked_from_its_chapter():
    text = (ROOT / "book" / "glossary.md").read_text("utf-8")
    entries = re.findall(
        r"(?ms)^## (.+?)\n.*?\(\.\./(notebooks/[\w]+)\.ipynb\)", text
    )
    assert len(entries) == text.count("\n## ")
    missing = [
        f"{chapter}: {term}"
        for term, chapter in entries
        if f"glossary.md#{slug(term)})"
        not in (ROOT / f"{chapter}.ipynb").read_text("utf-8")
    ]
    assert not missing


def slug(heading):
    """The anchor that a heading gets."""
    plain = unicodedata.normalize("NFKD", heading.lower())  # R² is r2
    return re.sub(r"[^\w\s-]", "", plain).replace(" ", "-")


def test_a_page_has_its_colours_before_any_script_of_the_theme(pages, site):
    for path, page in pages.items():
        if path.parent == site and path.name in ("index.html", "404.html"):
            continue  # they have no theme
        assert page.html["data-theme"] == "light", path
        first = page.find("script", string=re.compile("dataset.theme"))
        assert "prefers-color-scheme: dark" in first.string, path


def test_no_line_begins_with_the_comma_after_a_formula(pages):
    found = 0
    for page in pages.values():
        for formula in page("span", class_="math"):
            after = formula.next_sibling
            if isinstance(after, str) and re.match(r"[.,;:!?)”’]", after):
                assert "nn-whole" in formula.parent.get("class", ())
                found += 1
    assert found > 500


def test_folds_are_called_what_they_say(pages):
    folds = [fold for page in pages.values() for fold in page("summary")]
    assert len(folds) > 200
    for fold in folds:
        assert not fold.get("aria-label")
        assert not fold.find("p")
        assert fold.get_text(strip=True)
        assert "code cell" not in fold.get_text()


def test_sources_are_items_of_their_list(pages):
    (page,) = (p for k, p in pages.items() if k.stem == "bibliography")
    (sources,) = page.select(".citation-list")
    for item in sources.find_all(recursive=False):
        assert item["role"] == "listitem"
