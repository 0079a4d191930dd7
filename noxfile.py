"""Environments: each Python with each NumPy, those of Colab, new Sphinx.

nox                         make matrix: the tests everywhere
nox -s alone -- 01 08       chapters alone, as on Colab; without names, all
nox -s table                what make matrix has found
"""

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from xml.etree import ElementTree

import nox

nox.options.default_venv_backend = "uv"
nox.options.sessions = ["tests", "floors", "table"]
PYTHONS = os.environ.get("PYTHONS", "python3.11 python3.12 python3.13")
# The last Python that a release of NumPy has wheels for.
LAST = {"1.26": (3, 12), "2.0": (3, 12), "2.1": (3, 13), "newest": (4, 0)}
ROOT = Path(__file__).parent
FILE = ROOT / "results" / "matrix.json"
NOTEBOOKS = ROOT / "notebooks"
BESIDE_NOX = Path(sys.executable).parent  # the programs of its environment
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
EXTRAS = PROJECT["project"]["optional-dependencies"]
OURS = [  # what book/_ext needs
    requirement.replace(PROJECT["project"]["name"], ".")
    for requirement in EXTRAS["book"] + EXTRAS["site"]
    if not re.match(r"jupyter-book|sphinx>|.*\[book\]", requirement)
]
(SITE,) = re.findall(
    r"(?m)^  baseurl: (.*)$", (ROOT / "_config.yml").read_text("utf-8")
)
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


# What Colab has with each Python, and with both, except CUDA.
COLAB = {(3, 12): "2.0.2", (3, 13): "2.1.3"}
BESIDE = [
    "keras==3.14.0",  # with Colab's 3.13, chapter 16 finds other steps
    "matplotlib==3.10.0",
    "pillow==11.3.0",
    "safetensors==0.7.0",
    "scikit-learn==1.6.1",
    "tensorflow-cpu==2.20.0",
]
PIP = ["python", "-m", "pip", "--quiet"]
ALONE = FILE.with_name("alone.json")
ALIKE = [
    nox.param(python, COLAB[found], id=f"{found[0]}.{found[1]}")
    for python, found in FOUND.items()
    if found in COLAB
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


@nox.session
@nox.parametrize("python,numpy", ALIKE)
def alone(session, numpy):
    """Each chapter in an empty folder, without the package, as on Colab.

    Its first cell fetches the wheel, here from a server on this machine;
    nbval compares what it prints. Names such as 01 choose chapters.
    """
    names = session.posargs or [""]
    found = (sorted(NOTEBOOKS.glob(f"{name}*.ipynb")) for name in names)
    chapters = [path for paths in found for path in paths]
    session.install("pip", "nbval>=0.11", f"numpy=={numpy}", *BESIDE)
    quiet = {
        "PYTHONPATH": None,
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_ROOT_USER_ACTION": "ignore",
        "OPENBLAS_NUM_THREADS": "1",
    }
    what = session.run("python", "-c", VERSIONS, silent=True, env=quiet)
    rows = json.loads(ALONE.read_text()) if ALONE.exists() else {}
    row = rows.setdefault(session.name, {})
    row["what"] = what.strip()
    ran = {}
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder).resolve()
        wheel = [*PIP, "wheel", "--no-deps", "--wheel-dir", folder, "."]
        session.run(*wheel, env=quiet)
        with serve(folder) as address:
            for chapter in chapters:
                ran[chapter.stem] = run_alone(
                    session, chapter, folder, address, quiet
                )
    row["cells"] = dict(sorted((row.get("cells", {}) | ran).items()))
    ALONE.write_text(json.dumps(rows, indent=1) + "\n")
    failed = [name for name, cells in ran.items() if cells["failed"]]
    if failed or not ran:
        session.error(f"{len(failed)} of {len(ran)} chapters failed")


def run_alone(session, chapter, folder, address, env):
    """Run a chapter in an empty folder; how many of its cells failed."""
    empty = folder / chapter.stem
    empty.mkdir()
    text = chapter.read_text("utf-8").replace(SITE, address)
    (empty / chapter.name).write_text(text, "utf-8")
    report = folder / "report.xml"
    nbval = ["pytest", "-q", "-p", "no:cacheprovider", "--nbval"]
    options = ["--nbval-cell-timeout=300", f"--junitxml={report}"]
    with session.chdir(empty):
        session.run(
            *nbval, *options, chapter.name, env=env, success_codes=[0, 1]
        )
    session.run(*PIP, "uninstall", "--yes", "from-one-neuron", env=env)
    counts = ElementTree.parse(report).getroot()[0].attrib
    wrong = int(counts["failures"]) + int(counts["errors"])
    left = [
        path.name for path in empty.iterdir() if path.name != chapter.name
    ]
    if left:
        session.error(f"{chapter.name} leaves {left} in its folder")
    return {"tried": int(counts["tests"]), "failed": wrong}


@contextlib.contextmanager
def serve(folder):
    """The address of a server on this machine for the files of a folder."""
    command = [
        sys.executable,
        "-u",
        "-m",
        "http.server",
        "--bind",
        "127.0.0.1",
    ]
    pipe = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen([*command, "0"], cwd=folder, **pipe) as server:
        address = re.search(rb"http://[\d.:]+/", server.stdout.readline())
        try:
            yield address[0].decode()
        finally:
            server.terminate()


# What the site needs when Jupyter Book 1.x is gone. Sphinx is the newest.
NEXT = [
    "sphinx>=9",
    "myst-nb",
    "sphinx-book-theme",
    "sphinx-copybutton",
    "sphinx-design",
    "sphinx-external-toc",
    "sphinx-multitoc-numbering",
    "sphinx-togglebutton",
    "sphinxcontrib-bibtex",
]
LEFT_OUT = [
    "jupyter_book",
    "sphinx_comments",
    "sphinx_jupyterbook_latex",
    "sphinx_thebe",
]
CONF = f"""
import sys

sys.path.insert(0, "book/_ext")
extensions = [name for name in extensions if name not in {LEFT_OUT}]
"""


@nox.session(python=next(reversed(FOUND)))
def book_next(session):
    """The site by the newest Sphinx, and without Jupyter Book."""
    session.install(*NEXT, *OURS)
    site = ROOT / "_build" / "next"
    unused = shutil.ignore_patterns(".*", "_build", "runs")
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "book"
        shutil.copytree(ROOT, source, ignore=unused)
        config = [BESIDE_NOX / "jupyter-book", "config", "sphinx", source]
        session.run(*config, external=True)
        with (source / "conf.py").open("a", encoding="utf-8") as conf:
            conf.write(CONF)
        strict = ["-W", "-n", "--keep-going", "-E", "-q"]
        session.run(
            *("python", "-m", "sphinx", *strict, source, site),
            env={"PYTHONPATH": None},
        )
    tests = ["tests/test_site.py", "tests/site/test_look.py"]
    session.run(
        *(BESIDE_NOX / "pytest", "-q", "--site", site, "-k", "not wheel"),
        *tests,
        external=True,
    )


@nox.session(venv_backend="none")
def table(session):
    """Print the rows of results/matrix.json."""
    for name, row in json.loads(FILE.read_text()).items():
        session.log(
            f"{name:28} {row['what']:30} {row['tried']:5} tried, "
            f"{row['failed']} failed"
        )
