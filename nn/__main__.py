"""Run the command line: ``python -m nn --help``."""

from nn.cli import main

raise SystemExit(main())
