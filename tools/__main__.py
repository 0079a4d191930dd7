"""``python -m tools export``, ``notebooks``, ``pdf`` and others."""

import os
import sys
from importlib import import_module

TOOLS = ("export", "handouts", "mutants", "notebooks", "pdf", "weigh")


def main(arguments):
    """Run the tool that the first argument names; return the exit code."""
    name, rest = (arguments or ["--help"])[0], arguments[1:]
    if name not in TOOLS:
        print(f"usage: python -m tools {{{','.join(TOOLS)}}} ...")
        return 0 if name in ("-h", "--help") else 2
    for stream in (sys.stdout, sys.stderr):  # on any console
        stream.reconfigure(errors="backslashreplace")
    try:
        return import_module(f".{name}", __package__).main(rest)
    except BrokenPipeError:  # what reads the output has ended: | head
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
