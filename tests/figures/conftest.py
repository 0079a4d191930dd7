"""What the figures' tests share: a way to a page, and a figure on it."""

import pytest
from page import module_of


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("pages")


@pytest.fixture(scope="session")
def server(serve, folder):
    return serve(folder)


@pytest.fixture
def base(request, folder, server):
    """Where pages are: the address of the folder, or of the server."""
    http = getattr(request, "param", "file") == "http"
    return server if http else f"file://{folder}/"


@pytest.fixture
def show(visit, folder, base):
    """``with show(html) as page``: the page in the browser."""

    def show(html, **options):
        (folder / "page.html").write_text(html, "utf-8")
        return visit(f"{base}page.html", base, **options)

    return show


@pytest.fixture
def name(request):
    """The figure that a test is about."""
    return request.module.__name__.removeprefix("test_").removesuffix(
        "_figure"  # where the tests of a module have the name
    )


@pytest.fixture
def options():
    """How the browser opens the page."""
    return {}


@pytest.fixture
def page(show, name, options):
    """A page with the example of the figure ``name``."""
    with show(module_of(name).example().page(), **options) as page:
        yield page
