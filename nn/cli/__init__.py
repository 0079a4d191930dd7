"""The command line: ``nn`` or ``python -m nn``; ``--help`` lists all.

Results go to standard output, with ``--json`` as one JSON object a line;
progress and messages go to standard error. The exit code is 0, or 1 for
what failed, 2 for a wrong call, and 128 + the number of the signal for
what was stopped.
"""

import signal
import sys
import warnings
from collections.abc import Mapping, Sequence

from ..tasks import TASKS, Task
from ._parser import parser
from ._process import Signals, close_pipes, open_streams, reason, tell, warn
from .packages import advice

__all__ = ["main"]


def main(
    arguments: Sequence[str] | None = None,
    tasks: Mapping[str, Task] = TASKS,
) -> int:
    """Run the command line; return the exit code."""
    open_streams()
    arguments = sys.argv[1:] if arguments is None else [*arguments]
    try:
        with Signals() as signals, warnings.catch_warnings():
            warnings.showwarning = warn
            try:
                options = parser(tasks, arguments).parse_args(arguments)
                options.arguments, options.signals = arguments, signals
                options.run(options)
            finally:
                sys.stdout.flush()
    except BrokenPipeError:  # the reader of the output has closed it
        close_pipes()
        return 128 + 13  # as for SIGPIPE
    except (ValueError, OSError, FloatingPointError) as error:
        tell(error, reason(error))
        return 1
    except ModuleNotFoundError as error:
        said = advice(error)
        if said is None:
            raise
        tell(error, said)
        return 1
    except KeyboardInterrupt as stop:
        tell(stop, None if hasattr(stop, "__notes__") else "stopped")
        return 128 + next(iter(stop.args), signal.SIGINT)
    return 0
