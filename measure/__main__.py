"""Measure ``nn`` beside other libraries and write the tables.

python -m measure accuracy        five seeds of every system
python -m measure search          settings, ranked on validation rows
python -m measure race            speed, in turns, about half an hour
python -m measure race --quick    a trial of a few minutes, few rows
python -m measure wrong_calls     what every public name refuses, and how
python -m measure tried           what the tests tried, and how often

With --tables, the first three write the tables from the stored files.
"""

import argparse
import sys

from nn.cli.options import add_command, switch

from . import accuracy, race, search, tried, wrong_calls


def main(arguments=None):
    """Run the command; return the exit code."""
    summary, usage = __doc__.split("\n\n", 1)
    parser = argparse.ArgumentParser(
        prog="python -m measure",
        description=summary,
        epilog=usage,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    tables = switch("--tables", "measure nothing, only write the tables")
    for module in (accuracy, search, race, wrong_calls, tried):
        name = module.__name__.rpartition(".")[2]
        text = module.__doc__.splitlines()[0]
        add_command(
            commands, name, module.run, text, tables, *module.OPTIONS
        )
    options = parser.parse_args(arguments)
    try:
        options.run(options)
    except (ValueError, OSError, RuntimeError) as error:
        print(f"measure: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
