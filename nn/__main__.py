"""Run the command line: ``python -m nn --help``."""

import os
import signal
import sys
from contextlib import suppress


def leave(number: int, frame: object) -> None:
    """End at once; while modules are loaded there is nothing to save."""
    os.write(2, b"nn: stopped\n")
    os._exit(128 + number)


def prepare() -> None:
    """Let Ctrl-C and SIGTERM end the process, and draw without a screen."""
    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) != signal.SIG_IGN:  # as nohup asks
            signal.signal(number, leave)
    os.environ["MPLBACKEND"] = "agg"


def end(code: int) -> int:
    """Return the exit code, or end now, before a signal changes it."""
    if code > 128:
        with suppress(OSError, ValueError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)
    return code


def run() -> int:
    """Run the command line; return the exit code."""
    prepare()
    from .cli import main  # loads NumPy

    return end(main())


if __name__ == "__main__":
    raise SystemExit(run())
