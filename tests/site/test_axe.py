"""No page is closed to readers who see, hear or move otherwise: axe-core.

All folds are open. Formulas as they are drawn are left out: they are hidden
from screen readers, which get them as MathML. Colours are looked at on the
wide screen and in the dark, everything else on the wide screen and on the
telephone. Most chapters and pages of the package, which are built alike,
are for ``make torture``, because each of them takes ten seconds.
"""

import re

import pytest
import yaml
from axe_playwright_python.sync_playwright import Axe

from tools import pdf

TOC = yaml.safe_load((pdf.ROOT / "_toc.yml").read_text("utf-8"))
SELDOM = r"notebooks/(?!01|08|14|18)|book/api/(?!layers|tasks)"
PAGES = [
    pytest.param(page, marks=pytest.mark.torture)
    if re.match(SELDOM, page)
    else page
    for page in (*pdf.pages(TOC), "search", "genindex", "404")
]
COLOURS = "color-contrast"
SCREENS = {  # the browser's options, and axe's
    "wide": ({}, {}),
    "telephone": (
        {"viewport": {"width": 390, "height": 844}, "has_touch": True},
        {"rules": {COLOURS: {"enabled": False}}},
    ),
    "dark": ({"color_scheme": "dark"}, {"runOnly": [COLOURS]}),
}
# and time for the theme to see what scrolls in them
OPEN = """() => {
  document.querySelectorAll("details").forEach(d => { d.open = true; });
  return new Promise(done => setTimeout(done, 500));
}"""
CONTEXT = {"exclude": [["mjx-math"]]}


@pytest.fixture(scope="module")
def web(site, serve):
    return serve(site)


def violations(page, options):
    """What axe finds, one line for each kind."""
    page.evaluate(OPEN)
    options = {"resultTypes": ["violations"], "preload": False, **options}
    found = Axe().run(page, CONTEXT, options).response["violations"]
    return [
        f"{v['id']}: {len(v['nodes'])}, as {v['nodes'][0]['html'][:200]}"
        for v in found
    ]


@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing(visit, web, name, screen):
    shown, options = SCREENS[screen]
    with visit(f"{web}{name}.html", web, ready=0, **shown) as page:
        assert violations(page, options) == []


def test_axe_finds_what_is_planted(visit, web):
    with visit(f"{web}book/glossary.html", web, ready=0) as page:
        page.evaluate(
            "document.querySelector('article').innerHTML += "
            "'<p style=\"color: #bbb; background: #fff\">pale</p><input>'"
        )
        found = [line.partition(":")[0] for line in violations(page, {})]
        assert {"color-contrast", "label"} <= {*found}
