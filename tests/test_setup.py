"""The Makefile: an environment for every folder, Python and habit."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FILES = "Makefile", "pyproject.toml", "requirements.txt"
LOCK = "requirements-lock.txt"
pytestmark = pytest.mark.skipif(
    not shutil.which("make"), reason="there is no make on this machine"
)
# Stands for Python: writes down what it is asked to install, and how.
STUB = """#!/bin/sh
case "$2" in
  pip) echo "begin $PIP_USER${PIP_TARGET-}${PYTHONPATH-} $*" >> "$LOG"
       sleep 0.1
       echo end >> "$LOG" ;;
  *machine*) exit "${SAYS-0}" ;;
  *) exec "$REAL" "$@" ;;
esac
"""


def make(folder, *arguments, **variables):
    """Run make there; return its exit code and all that it said."""
    env = {"PATH": os.environ["PATH"], "REAL": sys.executable, **variables}
    run = subprocess.run(
        ["make", *arguments],
        cwd=folder,
        env=env,
        capture_output=True,
        text=True,
    )
    return run.returncode, run.stdout + run.stderr


def project(folder):
    """Return a folder with what the Makefile needs to set up."""
    folder.mkdir(parents=True)
    for name in (*FILES, LOCK):
        shutil.copy(ROOT / name, folder)
    return folder


def script(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder, with a space and an accent, whose .venv make has made."""
    folder = project(tmp_path_factory.mktemp("set up") / "Büch 1")
    code, said = make(folder, ".venv/ready", PYTHON=sys.executable)
    assert code == 0, said
    return folder


def python(folder):
    return folder / ".venv" / "bin" / "python"


def test_an_environment_is_made_once(made):
    before = python(made).lstat().st_mtime_ns
    for variables in ({}, {"PYTHON": sys.executable}):
        assert make(made, ".venv/ready", **variables)[0] == 0
    assert python(made).lstat().st_mtime_ns == before


@pytest.mark.parametrize("kind", ["moved", "copied", "Python gone"])
def test_an_environment_of_elsewhere_is_not_used(made, tmp_path, kind):
    folder = tmp_path / "there"
    shutil.copytree(made, folder, symlinks=True)
    pip = folder / ".venv/bin/pip"
    if kind == "moved":
        script(pip, pip.read_text().replace(str(made), "/nowhere"))
    if kind == "Python gone":
        script(pip, pip.read_text().replace(str(made), str(folder)))
        for link in python(folder).parent.glob("python*"):
            link.unlink()
            link.symlink_to("/nowhere/python")
    code, said = make(folder, ".venv/ready")
    assert code == 2
    assert "made in another folder, or its Python is gone" in said


def test_a_half_made_environment_is_made_anew(tmp_path):
    folder = project(tmp_path / "half")
    script(folder / ".venv/bin/pip", "#!/bin/sh\nexit 1\n")
    python(folder).symlink_to("/nowhere/python3")
    assert make(folder, ".venv/ready", PYTHON=sys.executable)[0] == 0
    assert make(folder, ".venv/ready")[0] == 0


@pytest.mark.parametrize("way", ["argument", "environment"])
def test_another_python_is_not_passed_over(made, tmp_path, way):
    other = script(tmp_path / "my python", "#!/bin/sh\necho 3.99\n")
    code, said = (
        make(made, f"PYTHON={other}", ".venv/ready")
        if way == "argument"
        else make(made, ".venv/ready", PYTHON=str(other))
    )
    assert code == 2
    assert f"Another Python than {other} made .venv" in said


@pytest.mark.parametrize("kind", ["old", "absent"])
def test_a_python_that_does_not_do_is_named(tmp_path, kind):
    folder, old = project(tmp_path / "a"), tmp_path / "python"
    if kind == "old":
        script(old, "#!/bin/sh\nexit 1\n")
    code, said = make(folder, ".venv/ready", PYTHON=str(old))
    assert code == 2
    assert f"PYTHON must be Python 3.11 or newer, but is {old}" in said
    assert not (folder / ".venv").exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    folder = project(tmp_path / "a")
    folder.chmod(0o555)
    code, said = make(folder, ".venv/ready", PYTHON=sys.executable)
    folder.chmod(0o755)
    assert code == 2
    assert "Permission denied" in said


@pytest.fixture
def stubbed(tmp_path):
    """A folder whose .venv only writes down what it is asked to install."""
    folder = project(tmp_path / "a b")
    pip = f'#!/bin/sh\necho "pip 1 from {folder}/.venv/lib/pip"\n'
    script(folder / ".venv/bin/pip", pip)
    script(python(folder), STUB)
    (folder / ".venv/ready").touch()
    return folder, tmp_path / "log"


def test_packages_are_installed_one_at_a_time_and_into_the_place(stubbed):
    folder, log = stubbed
    outside = {
        "PIP_USER": "1",
        "PIP_TARGET": "/elsewhere",
        "PYTHONPATH": "/other/checkout",
        "MAKEFLAGS": "-j4",
        "LOG": str(log),
    }
    targets = [
        f".venv/{name}" for name in ("upkeep", "book", "quick", "all")
    ]
    code, said = make(folder, *targets, **outside)
    assert code == 0, said
    lines = log.read_text().splitlines()
    assert {line[:8] for line in lines[::2]} == {"begin 0 "}
    assert {*lines[1::2]} == {"end"}
    assert len(lines) >= 2 * len(targets)
    assert make(folder, *targets, **outside)[0] == 0
    assert log.read_text().splitlines() == lines


@pytest.mark.parametrize(
    ("fits", "arguments", "locked"),
    [("0", [], True), ("1", [], False), ("0", ["LOCK="], False)],
)
def test_the_lock_is_for_one_platform(stubbed, fits, arguments, locked):
    folder, log = stubbed
    variables = {"LOG": str(log), "SAYS": fits}
    assert make(folder, ".venv/all", *arguments, **variables)[0] == 0
    said = log.read_text()
    assert (f"--require-hashes -r {LOCK}" in said) == locked
    assert ("--no-deps -e ." in said) == locked
    assert ("-r requirements.txt" in said) != locked


def test_a_lock_that_cannot_be_installed_is_named(stubbed):
    folder, log = stubbed
    script(python(folder), STUB.replace("sleep 0.1", "exit 1"))
    code, said = make(folder, ".venv/all", LOG=str(log))
    assert code == 2
    assert f"The files that {LOCK} names could not be installed" in said
    assert not (folder / ".venv/all").exists()
