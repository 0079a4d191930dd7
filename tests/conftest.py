"""What every test file may ask for."""

import contextlib
import functools
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "browser"))
import pages  # noqa: E402


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


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """The folder of the site, built with warnings as errors."""
    out = tmp_path_factory.mktemp("book")
    program = "from jupyter_book.cli.main import main; main()"
    options = ["-W", "-n", "--keep-going", "--path-output", out]
    run = subprocess.run(
        [sys.executable, "-c", program, "build", *options, ROOT],
        capture_output=True,
        text=True,
    )
    html = out / "_build" / "html"
    assert run.returncode == 0, (
        f"{run.stdout[-4000:]}\n{run.stderr[-4000:]}"
    )
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
