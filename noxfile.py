"""The package's tests on each Python with each NumPy: make matrix."""

import json
import os
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import nox

nox.options.default_venv_backend = "uv"
PYTHONS = os.environ.get("PYTHONS", "python3.11 python3.12 python3.13")
# The last Python that a release of NumPy has wheels for.
LAST = {"1.26": (3, 12), "2.0": (3, 12), "2.1": (3, 13), "newest": (4, 0)}
FILE = Path(__file__).parent / "results" / "matrix.json"
VERSIONS = """
import platform, numpy
print(f"Python {platform.python_version()}, NumPy {numpy.__version__}")
"""


def version(python):
    """Return (major, minor) of an interpreter, or () if it cannot run."""
    code = "import sys; print(*sys.version_info[:2])"
    try:
        out = subprocess.check_output([python, "-c", code])
    except (OSError, subprocess.CalledProcessError):
        return ()
    return tuple(map(int, out.split()))


FOUND = {python: version(python) for python in PYTHONS.split()}
if missing := [python for python, found in FOUND.items() if not found]:
    raise SystemExit(
        f"{' and '.join(missing)} cannot be run. Name the interpreters "
        "that you have: make matrix PYTHONS='python3.11 /opt/python3.13'"
    )
CASES = [
    nox.param(python, numpy, id=f"{found[0]}.{found[1]}, NumPy {numpy}")
    for python, found in FOUND.items()
    for numpy, last in LAST.items()
    if found <= last
]


def check(session):
    """Run the tests of make quick; write how many ran and failed."""
    report = Path(session.create_tmp()) / "report.xml"
    report.unlink(missing_ok=True)
    marks = "not data and not full and not torture"
    pytest = ["pytest", "-q", "-m", marks, f"--junitxml={report}", "tests"]
    session.run(*pytest, success_codes=[0, 1, 2, 3, 4, 5])
    counts = ElementTree.parse(report).getroot()[0].attrib
    failed = int(counts["failures"]) + int(counts["errors"])
    rows = json.loads(FILE.read_text()) if FILE.exists() else {}
    rows[session.name] = {
        "what": session.run("python", "-c", VERSIONS, silent=True).strip(),
        "tried": int(counts["tests"]) - int(counts["skipped"]),
        "failed": failed,
    }
    FILE.write_text(json.dumps(rows, indent=1) + "\n")
    if failed or not int(counts["tests"]):
        session.error(f"{failed} of {counts['tests']} tests failed")


@nox.session
@nox.parametrize("python,numpy", CASES)
def tests(session, numpy):
    """All packages as new as this NumPy lets them be."""
    pin = "numpy" if numpy == "newest" else f"numpy=={numpy}.*"
    session.install("-e", ".[quick]", pin)
    check(session)


@nox.session(python=next(iter(FOUND)))
def floors(session):
    """All packages of all extras as old as pyproject.toml lets them be."""
    oldest = "--resolution", "lowest-direct"
    session.install(*oldest, "-r", "requirements.txt")
    check(session)


@nox.session(venv_backend="none")
def table(session):
    """Print the rows of results/matrix.json."""
    for name, row in json.loads(FILE.read_text()).items():
        session.log(
            f"{name:28} {row['what']:30} {row['tried']:5} tried, "
            f"{row['failed']} failed"
        )
