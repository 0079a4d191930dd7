"""What a process is given, and what stops it: streams and signals."""

import os
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Self

from ..__main__ import leave
from ..datasets._text import printable


class Signals:
    """Ctrl-C and SIGTERM as exceptions, in a ``with`` block.

    The first raises KeyboardInterrupt with its number, the second ends the
    process. Python drops an exception in some places, such as a callback
    of the garbage collector: ``check`` raises it again.
    """

    number: int | None = None

    def __enter__(self) -> Self:
        self.old: dict[int, Callable[..., Any] | int] = {}
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                old = signal.getsignal(number)
                if old not in (signal.SIG_IGN, None):
                    self.old[number] = old
                    signal.signal(number, self.stop)
        return self

    def stop(self, number: int, frame: object) -> None:
        """Handle a signal: the next one ends the process at once."""
        for each in self.old:
            signal.signal(each, leave)
        self.number = number
        raise KeyboardInterrupt(number)

    def check(self) -> None:
        """Raise KeyboardInterrupt if there has been a signal."""
        if self.number is not None:
            raise KeyboardInterrupt(self.number)

    def __exit__(self, *_: object) -> None:
        for number, old in self.old.items():
            signal.signal(number, old)


def open_streams() -> None:
    """Make all three streams usable, whatever the process was given."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:  # closed, as with >&-
            stream = open(os.devnull, mode, encoding="utf-8")  # noqa: SIM115
            setattr(sys, name, stream)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # signs that it has not: "?"
            stream.reconfigure(errors="replace")


def close_pipes() -> None:
    """Let nothing more be written where the reader has gone."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def reason(error: Exception) -> object:
    """What an error says, without the number of the operating system."""
    if isinstance(error, OSError) and error.filename is not None:
        return f"{printable(error.filename)}: {error.strerror}"
    return error


def tell(error: BaseException, said: object) -> None:
    """Say on standard error why a command failed, and what was noted."""
    for line in filter(None, [said, *getattr(error, "__notes__", ())]):
        print(f"nn: {line}", file=sys.stderr, flush=True)


def warn(message: Warning | str, *_: Any, **__: Any) -> None:
    """Show a warning as a message, without the line of code."""
    print(f"nn: {message}", file=sys.stderr, flush=True)


def called() -> str:
    """What starts the command line here: the script, or the module."""
    name = os.path.basename(sys.argv[0])
    return "python -m nn" if name == "__main__.py" else "nn"
