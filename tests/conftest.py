"""What every test file may ask for."""

import contextlib
import functools
import hashlib
import json
import signal
from pathlib import Path

import numpy as np
import pytest

from nn.datasets import _fashion, _fetch, _idx
from tools import browser as pages

ROOT = Path(__file__).resolve().parents[1]

# In the background, a shell lets its processes ignore Ctrl-C, and then
# those that a test starts and interrupts would ignore it too.
signal.signal(signal.SIGINT, signal.default_int_handler)


TRIED = ROOT / "results" / "tried.json"


def pytest_addoption(parser):
    parser.getgroup("site").addoption(
        "--site",
        type=Path,
        default=ROOT / "_build" / "html",
        help="the site to test, if another program than make book built it",
    )
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
    found = {}  # all cases of a function together
    for outcome in ("passed", "failed"):  # a failure has the last word
        for report in terminalreporter.getreports(outcome):
            said = dict(report.user_properties)
            if report.when == "call" and "tried" in said:
                name = report.nodeid.partition("[")[0]
                tried = said["tried"] + found.get(name, {}).get("tried", 0)
                found[name] = {"tried": tried, "outcome": outcome}
                rows.setdefault(name, {})["what"] = said["what"]
    for name, counts in found.items():
        rows[name][size] = counts
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


@pytest.fixture
def small(monkeypatch):
    """Return {name: unpacked content} of four small, valid files."""
    rng = np.random.default_rng(0)
    contents = {}
    for name in _idx.FILES:
        n = 20 if name.startswith("train") else 10
        images = "images" in name
        shape = (n, 28, 28) if images else (n,)
        values = rng.integers(256 if images else 10, size=shape)
        sizes = b"".join(size.to_bytes(4, "big") for size in shape)
        header = b"\0\0\x08" + bytes([len(shape)]) + sizes
        contents[name] = header + values.astype(np.uint8).tobytes()
        sha256 = hashlib.sha256(contents[name]).hexdigest()
        monkeypatch.setitem(_idx.FILES, name, (shape, sha256))
    return contents


@pytest.fixture
def places(tmp_path, monkeypatch):
    """Return every place as a folder in tmp_path; none exists yet."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    monkeypatch.delenv("NN_DATA", raising=False)
    monkeypatch.delenv("KERAS_HOME", raising=False)
    monkeypatch.setattr(_fashion, "DEBIAN", tmp_path / "debian")
    monkeypatch.setattr(_fetch, "ADDRESSES", ())
    return {
        "folder": tmp_path / "given",
        "NN_DATA": tmp_path / "variable",
        "cache": tmp_path / "xdg" / "from-one-neuron" / "fashion-mnist",
        "keras": tmp_path / ".keras" / "datasets" / "fashion-mnist",
        "debian": tmp_path / "debian",
    }


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Tests in a browser and tests of the site are not for make quick."""
    for item in items:
        fixtures = {*getattr(item, "fixturenames", ())}
        if {"browser", "site"} & fixtures:
            item.add_marker("full")
        if "cases" in fixtures:
            item.add_marker("cases")


@pytest.fixture(scope="session")
def site(request):
    """The folder of the site, which ``make book`` builds."""
    html = request.config.getoption("--site").resolve()
    files = "*.yml", "book/**/*.*", "nn/**/*.py", "notebooks/*.ipynb"
    sources = [path for pattern in files for path in ROOT.glob(pattern)]
    sources = [path for path in sources if path.suffix != ".pyc"]
    newest = max(sources, key=lambda path: path.stat().st_mtime)
    built = html / "searchindex.js"
    if not built.is_file():
        pytest.fail(f"there is no site in {html}: run make book")
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
