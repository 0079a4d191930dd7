"""Write the chapters without solutions and answers, for a class.

    python -m tools handouts [FOLDER]    by default into _build/handouts

Solutions, folded answers and all outputs are cut, by preprocessors of
nbconvert, which JupyterLab brings. The notebooks still run from top to
bottom. ``python -m tools pdf`` prints exercises, key and slides.
"""

import argparse
import re
from copy import deepcopy
from pathlib import Path

from . import export
from .cells import read, text, write

ROOT = Path(__file__).resolve().parents[1]
DETAILS = re.compile(r"\s*<details>.*?</details>", re.DOTALL)


def cut(nb):
    """The notebook without solutions, folded text and outputs."""
    from nbconvert import preprocessors

    class CutDetails(preprocessors.Preprocessor):
        """Cuts what Markdown cells fold; drops cells that it empties."""

        def preprocess(self, nb, resources):
            for cell in nb.cells:
                if cell.cell_type == "markdown":
                    cell.source = DETAILS.sub("", cell.source).strip()
            nb.cells = [cell for cell in nb.cells if cell.source]
            return nb, resources

    nb = deepcopy(nb)
    for step in (
        preprocessors.TagRemovePreprocessor(remove_cell_tags={"hide-cell"}),
        preprocessors.ClearOutputPreprocessor(),
        CutDetails(),
    ):
        nb, _ = step.preprocess(nb, {})
    return nb


def main(argv=None):
    """Run the command; return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m tools handouts", description=__doc__.split("\n")[0]
    )
    default = ROOT / "_build" / "handouts"
    parser.add_argument("folder", nargs="?", type=Path, default=default)
    folder = parser.parse_args(argv).folder
    folder.mkdir(parents=True, exist_ok=True)
    for path in export.chapters():
        write(folder / path.name, text(cut(read(path))))
    print(f"written to {folder}")
    return 0
