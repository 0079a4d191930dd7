"""The command line on a terminal, through pipes, and interrupted."""

import os
import random
import re
import signal
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest

from nn.cli._process import Signals

ROOT = Path(__file__).resolve().parents[1]
SAMPLES = ROOT / "samples"
TRAIN = "train", "california-housing"
PREDICT = "predict", "california-housing", str(SAMPLES / "districts.csv")
pytestmark = pytest.mark.skipif(
    os.name != "posix", reason="terminals, pipes and signals of POSIX"
)


def start(*arguments, **more):
    """Start a command as a process of its own."""
    more = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **more}
    env = {**os.environ, "PYTHONPATH": str(ROOT), **more.pop("env", {})}
    command = [sys.executable, "-m", "nn", *map(str, arguments)]
    return subprocess.Popen(command, env=env, **more)


class Terminal:
    """A terminal of some columns, and all that was written on it."""

    def __init__(self, columns):
        import fcntl
        import termios

        self.ours, self.theirs = os.openpty()
        size = struct.pack("HHHH", 24, columns, 0, 0)
        fcntl.ioctl(self.theirs, termios.TIOCSWINSZ, size)

    def read(self, process):
        """Return all that is written until the process has ended."""
        os.close(self.theirs)
        found = b""
        while True:
            try:
                block = os.read(self.ours, 4096)
            except OSError:  # as Linux says that nobody writes any more
                block = b""
            if not block:
                break
            found += block
        os.close(self.ours)
        process.wait()
        return found.decode()


def train(columns, folder, *more):
    """Train on a terminal: the exit code, the output, the terminal."""
    terminal = Terminal(columns)
    with start(
        *(*TRAIN, "--out", folder, *more),
        stderr=terminal.theirs,
    ) as process:
        seen = terminal.read(process)
        out = process.stdout.read().decode()
    return process.returncode, out, seen


@pytest.mark.parametrize("columns", [60, 100])
def test_progress_fits_the_terminal(tmp_path, columns):
    # some seconds, and the bar is drawn anew after a tenth of one
    more = "--epochs", 60, "--validation", 0.1
    code, out, seen = train(columns, tmp_path, *more)
    assert code == 0
    assert re.fullmatch(r"test: loss .*\nwritten to .*/\n", out)
    states = [s.strip() for s in seen.replace("\n", "\r").split("\r")]
    states = [s for s in states if s]
    assert max(map(len, states)) <= columns
    assert len(states) > 5
    first = re.compile(r"epoch 1/60 \|\s*\S* *\| [?\d:]+ left")
    assert first.fullmatch(states[0])
    later = re.compile(
        r"epoch (\d+)/60, loss \d\.\d{4}, val_loss \d\.\d{4} "
        r"\|.{3,}\| \d\d:\d\d left"
    )
    found = [later.fullmatch(s) for s in states[1:]]
    assert sum(map(bool, found)) > 3
    assert [
        s for s in states if not (first.match(s) or later.match(s))
    ] == []
    # the batches of one epoch are counted, too, and the bar is removed
    assert len({s.partition("|")[2] for s in states}) > 5
    assert seen.endswith("\r")
    assert seen.rstrip("\r").endswith(" " * 10)


def test_a_bar_of_ascii_where_there_is_nothing_else(tmp_path):
    terminal = Terminal(60)
    with start(
        *(*TRAIN, "--epochs", 6, "--out", tmp_path),
        stderr=terminal.theirs,
        env={"PYTHONIOENCODING": "cp1252"},
    ) as process:
        seen = terminal.read(process)
    assert process.returncode == 0
    assert seen.isascii()
    assert "#" in seen


def test_results_on_a_terminal_are_those_of_a_pipe():
    terminal = Terminal(60)
    with start(*PREDICT, stdout=terminal.theirs) as process:
        seen = terminal.read(process)
    with start(*PREDICT) as process:
        out = process.stdout.read().decode()
    assert seen.replace("\r\n", "\n") == out
    assert len(out.splitlines()) == 5


# --- Ctrl-C


def test_ctrl_c_in_the_first_half_second(cases):
    """Commands interrupted within half a second end with code 130."""
    rng = random.Random(0)
    for _ in range(cases(10, 200)):
        arguments = rng.choice([PREDICT, ("--help",), ("train", "x")])
        with start(*arguments) as process:
            time.sleep(rng.uniform(0.1, 0.5))
            process.send_signal(signal.SIGINT)
            said = process.communicate()[1].decode()
        code = process.returncode
        # Python is not ours before it runs the package, and after its end
        if code == -signal.SIGINT or "KeyboardInterrupt" in said:
            assert "/nn/cli/" not in said
        elif code == 130:
            assert said == "nn: stopped\n"
        else:  # the command was faster
            assert code in (0, 2)
            assert "Traceback" not in said


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_removes_the_bar_and_says_how_to_go_on(tmp_path, number):
    terminal = Terminal(60)
    with start(
        *(*TRAIN, "--epochs", 5000, "--out", tmp_path),
        stderr=terminal.theirs,
    ) as process:
        while not (tmp_path / "checkpoint.safetensors").exists():
            time.sleep(0.05)
        process.send_signal(number)
        seen = terminal.read(process)
        assert process.stdout.read() == b""
    assert process.returncode == 128 + number
    last = seen.replace("\r\n", "\n").rpartition("\r")[2]
    assert re.fullmatch(
        r"nn: stopped after epoch \d+ of 5000; go on with: python -m nn "
        r"train california-housing .* --resume\n",
        last,
    )


# --- pipes


@pytest.mark.parametrize("closed", ["stdout", "stderr"])
def test_a_training_whose_reader_has_gone_ends_quietly(tmp_path, closed):
    arguments = *TRAIN, "--out", tmp_path, "--epochs", 30
    more = {"stderr": subprocess.STDOUT} if closed == "stdout" else {}
    with start(*arguments, **more) as process:
        getattr(process, closed).close()
        rest = process.stdout if closed == "stderr" else process.stderr
        said = rest.read() if rest else b""
    assert (process.returncode, said) == (141, b"")


def test_head_takes_what_it_wants(tmp_path):
    table = tmp_path / "d.csv"
    header, row, *_ = (SAMPLES / "districts.csv").read_text().splitlines()
    table.write_text("\n".join([header, *[row] * 30_000, ""]))
    command = (
        f"{sys.executable} -m nn predict california-housing d.csv --json "
        "| head -n 2; echo ${PIPESTATUS[0]}"
    )
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.stderr == ""
    assert [s[:8] for s in done.stdout.splitlines()[:2]] == ['{"file":'] * 2
    assert done.stdout.splitlines()[2:] == ["141"]


# --- consoles


@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
@pytest.mark.parametrize(
    ("code", "arguments"),
    [
        (0, ()),
        (0, ("--version",)),
        (0, ("predict", "--help")),
        (0, PREDICT),
        (0, (*PREDICT, "--json")),
        (1, ("predict", "california-housing", "模型→.csv")),
        (1, ("predict", "california-housing", "模型→.csv", "--json")),
        (2, ("train", "模型→")),
        (2, ("evaluate", "california-housing", "--weights", "模型→")),
        (0, (*TRAIN, "--epochs", "1", "--out", "模型→")),
        (0, ("preview", "california-housing", "--out", "→.png")),
        (1, ("curves", "模型→")),
    ],
)
def test_a_console_of_few_signs(tmp_path, encoding, code, arguments):
    with start(
        *arguments, cwd=tmp_path, env={"PYTHONIOENCODING": encoding}
    ) as process:
        out, err = process.communicate()
    assert process.returncode == code
    assert b"Traceback" not in err
    assert (out + err).decode(encoding).strip()


def test_a_command_leaves_the_handlers_of_signals_as_they_were():
    numbers = signal.SIGINT, signal.SIGTERM
    before = [*map(signal.getsignal, numbers)]
    with Signals():
        assert all(signal.getsignal(n) not in before for n in numbers)
    assert [*map(signal.getsignal, numbers)] == before
