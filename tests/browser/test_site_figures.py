"""The interactive figures on the pages of the built book."""

import pytest
from test_site_pages import CHAPTERS, figures_of

from tools import browser as pages


@pytest.fixture(params=["http", "file"])
def address(request, site):
    """Where the site is: a server on this machine, or the files."""
    if request.param == "file":
        yield f"file://{site}/"
    else:
        with pages.serve(site) as server:
            yield server


@pytest.mark.parametrize("name", CHAPTERS)
def test_figures_live_and_sit_on_their_own_paper(
    browser, site, address, name
):
    ready = figures_of((site / f"{name}.html").read_text("utf-8"))
    options = {"color_scheme": "dark", "patience": 30}
    with pages.visit(
        browser, f"{address}{name}.html", address, ready=ready, **options
    ) as page:
        for figure in page.locator("figure[data-nn]").all():
            assert figure.get_attribute("data-state") == "ready"
            behind = figure.evaluate(
                "e => getComputedStyle(e.parentElement).backgroundColor"
            )
            assert behind == "rgba(0, 0, 0, 0)"
