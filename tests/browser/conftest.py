"""What the browser tests share: one browser, and two ways to a page."""

import pytest

from tools import browser as pages


@pytest.fixture(scope="session")
def browser():
    try:
        with pages.launch() as browser:
            yield browser
    except pages.NoBrowserError as error:
        if pages.in_ci():
            pytest.fail(str(error))
        pytest.skip(f"NO BROWSER, FIGURES ARE NOT TESTED: {error}")


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("pages")


@pytest.fixture(scope="session")
def server(folder):
    with pages.serve(folder) as address:
        yield address


@pytest.fixture
def base(request, folder, server):
    """Where pages are: the address of the folder, or of the server."""
    http = getattr(request, "param", "file") == "http"
    return server if http else f"file://{folder}/"


@pytest.fixture
def show(browser, folder, base):
    """``with show(html) as page``: the page in the browser."""

    def show(html, **options):
        (folder / "page.html").write_text(html, "utf-8")
        return pages.visit(browser, f"{base}page.html", base, **options)

    return show
