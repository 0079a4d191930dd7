"""The class Figure, without a browser."""

import base64
import io
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from page import NAMES, module_of, poster

from nn import figures
from nn.figures import Figure, _figure

ALT = "A neuron with one input: a hinge at the place where x is 1.5"


def test_bundle_has_html_picture_and_text():
    picture = poster()
    data, metadata = Figure(
        "neuron", alt=ALT, poster=picture, w=1.5
    )._repr_mimebundle_()
    assert sorted(data) == ["image/png", "text/html", "text/plain"]
    assert base64.b64decode(data["image/png"]) == picture
    assert metadata == {"image/png": {"alt": ALT, "width": 704}}
    assert data["text/plain"] == ALT
    # what tools/rules.py asks of the stored output
    html = data["text/html"]
    first = re.match(r'\s*<\w+[^>]*\sdata-nn="(\w+)"', html)
    assert first[1] == "neuron"
    assert html.endswith("</figure>")
    assert html.count("<figure") == 1
    json.dumps(data)


def test_without_poster_there_is_no_picture():
    data, metadata = Figure("neuron", alt=ALT)._repr_mimebundle_()
    assert sorted(data) == ["text/html", "text/plain"]
    assert metadata == {}
    assert f"<p>{ALT}</p>" in data["text/html"]


@pytest.mark.parametrize("name", NAMES)
def test_html_is_the_same_each_time_and_asks_for_nothing(name):
    html = module_of(name).example().html()
    assert module_of(name).example().html() == html
    addresses = set(re.findall(r"https?://[^\s\"'`]+", html))
    assert addresses <= {"http://www.w3.org/2000/svg"}
    assert not re.search(r"\bid=\"|@import|url\((?!data:)|\bimport\(", html)
    assert not re.search(r"(?m)^(import|export) ", html)
    assert len(html) < 1_500_000


def test_other_data_give_another_key():
    a, b = (
        Figure("neuron", alt=ALT, w=1.0),
        Figure("neuron", alt=ALT, w=2.0),
    )
    keys = [re.search('data-nn-key="(.*?)"', f.html())[1] for f in (a, b)]
    assert keys[0] != keys[1]


def test_unknown_name_lists_the_known_ones():
    with pytest.raises(ValueError, match=r"backprop, california.*'neurom'"):
        Figure("neurom", alt=ALT)
    assert "shared" not in _figure.names()


@pytest.mark.parametrize("alt", ["", "A figure", "x" * 29])
def test_short_alt_is_refused(alt):
    with pytest.raises(ValueError, match="alt must have 30 characters"):
        Figure("neuron", alt=alt)


@pytest.mark.parametrize(
    "bad", [b"GIF89a", b"", b"\x89PNG\r\n\x1a\n...", "poster.png"]
)
def test_poster_must_be_a_png(bad):
    with pytest.raises(
        ValueError, match="poster must be the bytes of a PNG"
    ):
        Figure("neuron", alt=ALT, poster=bad)


@pytest.mark.parametrize("dtype", [np.int64, np.uint16, bool, complex])
def test_unsupported_dtype_is_refused(dtype):
    with pytest.raises(ValueError, match=r"x\['a'\]\[0\] must be an array"):
        Figure("neuron", alt=ALT, x={"a": [np.zeros(3, dtype)]})


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (float("nan"), "finite number"),
        (np.float32("inf"), "finite number"),
        (np.array([0.0, np.nan]), "finite"),
        (object(), "of type object"),
        ({1, 2}, "of type set"),
    ],
)
def test_data_that_json_does_not_know_are_refused(value, message):
    with pytest.raises(ValueError, match=f"w must be.*{message}"):
        Figure("neuron", alt=ALT, w=value)


@pytest.mark.parametrize("dtype", _figure.DTYPES)
def test_arrays_keep_their_bytes(dtype):
    array = np.arange(12).astype(dtype).reshape(3, 4).T  # not contiguous
    swapped = array.astype(array.dtype.newbyteorder(">"))
    for given in (array, swapped):
        data = Figure("neuron", alt=ALT, x=given).data["x"]
        assert data["dtype"] == dtype
        raw = base64.b64decode(data["base64"])
        little = np.dtype(dtype).newbyteorder("<")
        back = np.frombuffer(raw, little).reshape(data["shape"])
        assert np.array_equal(back, array)


def test_python_and_numpy_scalars():
    data = Figure(
        "neuron", alt=ALT, a=np.float32(0.5), b=np.int64(3), c=None, d="x"
    ).data
    assert data == {"a": 0.5, "b": 3, "c": None, "d": "x"}
    assert type(data["b"]) is int


def test_network_takes_the_state_of_a_model():
    state = {
        "0.mean": np.zeros(2),
        "0.std": np.ones(2, np.float16),
        "1.W": np.zeros((2, 3), np.float32),
        "1.b": np.zeros(3, np.float32),
        "3.W": np.zeros((3, 1), np.float32),
        "3.b": np.zeros(1, np.float32),
    }
    steps = figures.network(state, log=[0])
    kinds = [sorted(step) for step in steps]
    assert kinds == [
        ["log"],
        ["mean", "std"],
        ["W", "b"],
        ["relu"],
        ["W", "b"],
    ]
    assert steps[1]["std"].dtype == np.float32
    small = figures.network(state, half=True)
    assert {s["W"].dtype.name for s in small if "W" in s} == {"float16"}
    assert {s["b"].dtype.name for s in small if "b" in s} == {"float32"}
    assert sum("relu" in s for s in figures.network(state, bend=False)) == 0
    with pytest.raises(ValueError, match=r"called '1\.gamma'"):
        figures.network({"1.gamma": np.ones(2)})


def test_page_is_whole():
    figure = Figure("neuron", alt=ALT)
    page = figure.page()
    assert page.startswith("<!doctype html>")
    assert figure.html() in page
    assert "<title>" in page


def test_figures_import_no_module_of_the_package():
    code = (
        "import sys, nn.figures; print(*[m for m in sys.modules if "
        "m.split('.')[0] in ('nn', 'matplotlib', 'IPython')])"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr
    for file in Path(_figure.FOLDER).glob("*.py"):
        text = file.read_text("utf-8")
        assert not re.search(
            r"(?m)^\s*from \.\.|^\s*(from|import) nn", text
        )
    assert "matplotlib" not in run.stdout


def test_ipython_shows_the_figure():
    pytest.importorskip("IPython")
    from IPython.core.formatters import DisplayFormatter

    figure = Figure("neuron", alt=ALT, poster=poster())
    data, metadata = DisplayFormatter().format(figure)
    assert data["text/html"] == figure.html()
    assert data["text/plain"] == ALT
    assert metadata["image/png"]["alt"] == ALT


def test_a_picture_is_sharp_and_has_a_palette():
    from PIL import Image

    picture = poster()
    with Image.open(io.BytesIO(picture)) as image:
        assert image.size == (2 * 704, 2 * 352)
        assert image.mode == "P"
    assert _figure.shown(picture) == (704, 352)
    assert (
        'width="704" height="352">'
        in Figure("neuron", alt=ALT, poster=picture).html()
    )
    assert picture == poster()


def test_a_picture_of_another_program_has_its_own_size():
    from PIL import Image

    png = io.BytesIO()
    Image.new("RGB", (30, 9)).save(png, "png")
    assert _figure.shown(png.getvalue()) == (30, 9)
