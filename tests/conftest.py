"""What every test file may ask for."""

import contextlib
import functools
import json
from pathlib import Path

import numpy as np
import pytest

from tools import browser as pages

ROOT = Path(__file__).resolve().parents[1]


TRIED = ROOT / "results" / "tried.json"


def pytest_addoption(parser):
    group = parser.getgroup("cases")
    group.addoption(
        "--long", action="store_true", help="try many more cases: hours"
    )
    group.addoption(
        "--record", action="store_true", help=f"write the counts to {TRIED}"
    )


@pytest.fixture
def cases(request):
    """``cases(n, long)``: how many cases to try; the page counts them.

    The first line of the test's docstring is the row's text there.
    """

    def how_many(n, long):
        tried = long if request.config.getoption("--long") else n
        what = request.node.obj.__doc__.partition("\n")[0].rstrip(".")
        request.node.user_properties += [("what", what), ("tried", tried)]
        return tried

    return how_many


def pytest_terminal_summary(terminalreporter, config):
    """Write how many cases were tried, of the tests that ran."""
    if not config.getoption("--record"):
        return
    size = "long" if config.getoption("--long") else "usual"
    rows = json.loads(TRIED.read_text()) if TRIED.exists() else {}
    for outcome in ("passed", "failed"):
        for report in terminalreporter.getreports(outcome):
            said = dict(report.user_properties)
            if report.when == "call" and "tried" in said:
                row = rows.setdefault(report.nodeid, {})
                row["what"] = said["what"]
                row[size] = {"tried": said["tried"], "outcome": outcome}
    text = json.dumps(rows, indent=1, sort_keys=True)
    TRIED.write_text(text + "\n")


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture(autouse=True)
def global_random_state_stays():
    """Nothing in nn touches NumPy's global generator."""
    before = np.random.get_state()  # noqa: NPY002
    yield
    after = np.random.get_state()  # noqa: NPY002
    assert before[2] == after[2]
    assert np.array_equal(before[1], after[1])


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Tests in a browser and tests of the site are not for make quick."""
    for item in items:
        if {"browser", "site"} & {*getattr(item, "fixturenames", ())}:
            item.add_marker("full")


@pytest.fixture(scope="session")
def site():
    """The folder of the site, which ``make book`` builds."""
    html = ROOT / "_build" / "html"
    files = "*.yml", "book/**/*.*", "nn/**/*.py", "notebooks/*.ipynb"
    sources = [path for pattern in files for path in ROOT.glob(pattern)]
    sources = [path for path in sources if path.suffix != ".pyc"]
    newest = max(sources, key=lambda path: path.stat().st_mtime)
    built = html / "searchindex.js"
    if not built.is_file():
        pytest.fail("there is no site in _build/html: run make book")
    if built.stat().st_mtime < newest.stat().st_mtime:
        name = newest.relative_to(ROOT)
        pytest.fail(f"the site is older than {name}: run make book")
    return html


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
def visit(browser):
    """``with visit(address, base) as page``: the page in the browser."""
    return functools.partial(pages.visit, browser)


@pytest.fixture(scope="session")
def serve():
    """``serve(folder)``: the address of a server for the folder."""
    with contextlib.ExitStack() as stack:
        yield lambda folder: stack.enter_context(pages.serve(folder))
