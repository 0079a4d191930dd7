"""The figures that the notebooks store are those of the current modules."""

import pytest

from nn.figures import _figure
from tools import export
from tools.cells import chapter, read

CHAPTERS = export.chapters()
STYLE = (_figure.FOLDER / "figure.css").read_text("utf-8")
STARS = {  # chapter: the interactive figures that it must hold
    1: ["neuron"],
    3: ["hinges"],
    4: ["softmax"],
    6: ["difference"],
    7: ["backprop"],
    8: ["paths"],
    10: ["spirals"],
    11: ["layers", "spirals"],
    12: ["descent"],
    13: ["spirals"],
    14: ["fashion"],
    15: ["california"],
    20: ["tape"],
    23: ["clinic"],
    24: ["ablation"],
}


def figures(path):
    """The HTML of each interactive figure that a notebook stores."""
    outputs = [o for c in read(path).cells for o in c.get("outputs", [])]
    found = [o["data"].get("text/html") for o in outputs if "data" in o]
    return list(filter(None, found))


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda p: p.stem)
def test_a_chapter_stores_its_figure_as_the_module_is_now(path):
    stars = STARS.get(chapter(path), [])
    for star, html in zip(stars, figures(path), strict=True):
        assert f'data-nn="{star}"' in html
        message = "run python -m tools notebooks"
        assert _figure._module(star) in html, message
        assert STYLE in html, message
        assert "data:image/png;base64," in html
