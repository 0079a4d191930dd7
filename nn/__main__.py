"""Run the commands of ``nn.tasks``: ``python -m nn --help``."""

from nn.tasks.commands import main

raise SystemExit(main())
