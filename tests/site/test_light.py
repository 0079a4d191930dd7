"""What makes the pages light, part by part, and a book without it."""

import base64
import io
import json
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "book" / "_ext"))

pytestmark = pytest.mark.full
pytest.importorskip("sphinx")

from nnbook import fonts, formulas, later, pages, pictures, sheets  # noqa: E402

KNOWN = {"a", "p", "shown", "main"}


@pytest.mark.parametrize(
    ("css", "kept"),
    [
        ("p { color: red }", True),
        (".shown p:hover::before { color: red }", True),
        (".gone p { color: red }", False),
        ("#main > .gone, p { color: red }", True),
        ("table { color: red }", False),
        ("p:not(.gone) { color: red }", True),
        ("[data-x='gone'] { color: red }", True),
        ("@media print { .gone { color: red } }", False),
        ("@media print { p { color: red } }", True),
        ("@keyframes turn { to { color: red } }", True),
        (".tooltip.bs-tooltip-top.fade.show { color: red }", True),
        (".carousel { color: red }", False),
        (":root { --gone: red }", False),
        (":root { --gone: red } p { color: var(--gone) }", True),
        (":root { --gone: red; --a: var(--gone) }", False),
        (":root { --outside: red }", True),
    ],
)
def test_a_rule_stays_if_an_element_can_match(css, kept):
    assert ("red" in sheets.reduce(css, KNOWN, {"--outside"})) is kept


def test_only_the_selectors_that_can_match_stay():
    css = sheets.reduce("/* x */ p,\n .gone {\n  color :red; }", KNOWN)
    assert css == "p{color :red}\n"


def test_a_broken_style_sheet_is_not_passed_over():
    with pytest.raises(ValueError, match="style sheet has an error"):
        sheets.reduce("p { color: red } }", KNOWN)


def test_names_are_found_in_tags_and_scripts_not_in_text():
    page = '<p class="one two">three</p><script>add("four-x")</script>'
    known = sheets.words([page], ["five"])
    assert {"p", "one", "two", "four-x", "five"} <= known
    assert "three" not in known


def test_the_pages_use_no_other_part_of_bootstraps_script(site):
    pages = (path.read_text("utf-8") for path in site.rglob("*.html"))
    parts = {n for p in pages for n in re.findall(r'bs-toggle="(\w+)', p)}
    assert parts == {*sheets.PARTS}


def test_sheets_are_joined_with_their_addresses(tmp_path):
    (tmp_path / "_static" / "deep").mkdir(parents=True)
    deep = tmp_path / "_static" / "deep" / "a.css"
    deep.write_text('@import "../b.css"; p{background:url("i.svg")}')
    (tmp_path / "_static" / "b.css").write_text("a{color:red}")
    page = (
        '<link rel="stylesheet" href="../_static/deep/a.css?v=1"/>\n'
        "<script></script></head><p><a>"
    )
    path = Path("x/y.html")
    css = sheets.join({path: page}, tmp_path)
    assert css == "a{color:red}\np{background:url(deep/i.svg)}\n"
    linked = sheets.link(page, path, {"book.css": css}, "<style></style>")
    assert linked.count("<link") == 1
    assert 'href="../_static/book.css?v=' in linked
    order = ["<script>", "<style>", "<link", "</head>", "<p>"]
    assert sorted(order, key=linked.index) == order
    assert not deep.exists()


def test_a_font_keeps_the_characters_asked_for_and_its_licence(tmp_path):
    from fontTools.ttLib import TTFont

    rules = fonts.text_faces("abα", tmp_path)
    assert rules.count("@font-face") == len(fonts.TEXT)
    parts = re.findall(r"font-family:([\w-]+).*?base64,([^)]+)\)", rules)
    for family, data in parts:
        file = io.BytesIO(base64.b64decode(data))
        font = TTFont(file)
        assert set(font.getBestCmap()) == set(map(ord, "abα"))
        assert len(data) < 8000
        names = " ".join(str(name) for name in font["name"].names)
        assert "Open Font License" in names
        assert not any(n.nameID in (1, 4, 6) for n in font["name"].names)
        licence = tmp_path / "fonts" / f"{family}-LICENSE.txt"
        assert "SIL OPEN FONT LICENSE" in licence.read_text()


def test_a_font_of_formulas_keeps_only_what_it_draws(tmp_path):
    from fontTools.ttLib import TTFont

    formulas.copy_fonts(tmp_path)
    faces = [
        f"@font-face{{font-family:MJXTEX-{name};"
        f"src:url({formulas.FONTS}/MathJax_{file}.woff)}}"
        for name, file in (("I", "Math-Italic"), ("A", "AMS-Regular"))
    ]
    css = 'mjx-c.TEX-I::before{content:"W"}mjx-c::before{content:"R"}'
    small = fonts.shrink(css + "".join(faces), tmp_path)
    assert "MJXTEX-A" not in small  # R is drawn by the main font
    (data,) = re.findall(r"base64,([^)]+)\)", small)
    font = TTFont(io.BytesIO(base64.b64decode(data)))
    assert set(font.getBestCmap()) == {ord("W")}


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (r"\(x &lt; 1\)", ("x < 1", False)),
        (r"\[x \tag{8.1}\]", (r"x \tag{8.1}", True)),
        (
            r"\begin{align}x\end{align}",
            (r"\begin{align}x\end{align}", True),
        ),
    ],
)
def test_a_formula_is_read_from_a_page(text, key):
    page = f'<div class="math notranslate nohighlight">\n{text}</div>'
    assert formulas.key(formulas.FORMULA.search(page)[3]) == key


def test_a_formula_that_is_not_valid_is_told():
    page = r'<span class="math notranslate nohighlight">\(\frac\)</span>'
    good = r'<span class="math notranslate nohighlight">\(x^2\)</span>'
    texts, css, wrong = formulas.set_all([page + good, "none"], {})
    assert wrong == [r"\frac"]
    assert texts[0].count("<mjx-container") == 2
    assert texts[1] == "none"
    assert "mjx-container" in css


def test_a_picture_keeps_its_points_and_gets_its_size(tmp_path):
    import numpy as np
    from PIL import Image

    rng = np.random.default_rng(0)
    points = rng.integers(0, 256, (9, 30, 3), dtype=np.uint8)
    png = io.BytesIO()
    Image.fromarray(points).save(png, "png")
    (tmp_path / "_images").mkdir()
    (tmp_path / "_images" / "a.png").write_bytes(png.getvalue())
    (tmp_path / "_static").mkdir()
    (tmp_path / "_static" / "b.png").write_bytes(png.getvalue())
    theirs, far = (
        '<img src="../_static/b.png">',
        '<img src="http://x/b.png">',
    )
    page = f'<img alt="A" src="../_images/a.png" />{theirs}{far}'
    text = pictures.lighten(page, Path("book/x.html"), tmp_path)
    assert far in text
    assert 'width="30" height="9" loading="lazy"' in text
    (webp,) = (tmp_path / "_images").glob("*.webp")
    assert f'<img src="../_images/{webp.name}">' in text  # the theme's size
    assert text.count(f'src="../_images/{webp.name}"') == 2
    assert np.array_equal(np.asarray(Image.open(webp)), points)


def test_a_picture_has_a_frame_and_no_still_of_a_figure_has(tmp_path):
    from nn import figures
    from nn.figures._figure import DPI

    png = figures.png(figures.subplots(figsize=(6, 3))[0])
    data = base64.b64encode(png).decode()
    (tmp_path / "_images").mkdir()
    (tmp_path / "_images" / "a.png").write_bytes(png)
    page = (
        '<img alt="A" src="_images/a.png">'
        '<img alt="B" src="_images/a.png" class="nn-thumb">'
        f'<img alt="C" src="data:image/png;base64,{data}">'
    )
    text = pictures.lighten(page, Path("x.html"), tmp_path)
    assert text.count('class="nboutput nn-still"') == 1
    for script in Path(figures.__file__).parent.glob("*.[jc]s*"):
        assert "nn-still" not in script.read_text("utf-8")
    assert text.count('class="nn-drawn"') == 2
    assert text.count('class="nn-thumb nn-drawn"') == 1
    least = int(re.search(r"--nn-least:(\d+)px", text)[1])
    label = pictures.SMALLEST * DPI / 72  # pixels of the file
    assert label * least / (6 * DPI) >= pictures.READABLE


def test_photographs_are_told_from_plots():
    """By their black ground: in the chapters, cells that draw in gray."""
    found = {True: 0, False: 0}
    for path in sorted(ROOT.glob("notebooks/*.ipynb")):
        for cell in json.loads(path.read_text("utf-8"))["cells"]:
            code = "".join(cell["source"])
            for output in cell.get("outputs", ()):
                png = output.get("data", {}).get("image/png")
                if png is None or "text/html" in output["data"]:
                    continue
                said = pictures.has_photographs(base64.b64decode(png))
                if "imshow(" not in code:
                    assert not said, (path.name, code)
                elif 'cmap="gray"' in code:
                    assert said, (path.name, code)
                found[said] += 1
    assert min(found.values()) > 5


def test_only_large_photographs_lose_a_little(tmp_path):
    import numpy as np
    from PIL import Image

    noise = np.random.default_rng(0).integers(90, 130, (200, 200, 3))
    flat = np.full((200, 200, 3), 90)
    for points, same in ((noise, False), (flat, True)):
        png = io.BytesIO()
        Image.fromarray(points.astype(np.uint8)).save(png, "png")
        name = pictures.write(png.getvalue(), tmp_path)
        shown = np.asarray(Image.open(tmp_path / name))
        assert np.array_equal(shown, points) == same
        assert np.abs(shown - points).mean() < 20


@pytest.fixture
def plain_book(tmp_path, monkeypatch):
    """A book of one page, built with neither Node nor the fonts."""
    from sphinx.application import Sphinx

    monkeypatch.setattr(formulas, "node", lambda: None)
    monkeypatch.setattr(fonts, "are_here", lambda: False)
    (tmp_path / "one.md").write_text("# One\n\nA formula, $x^2$.\n")
    settings = {
        "extensions": [
            "myst_nb",
            "sphinx.ext.autodoc",
            "sphinxcontrib.bibtex",
            "nnbook",
        ],
        "root_doc": "one",
        "html_theme": "sphinx_book_theme",
        "bibtex_bibfiles": [],
        "myst_enable_extensions": ["dollarmath"],
        "mathjax3_config": {"chtml": {"scale": 1.06}},
        "html_context": {"default_mode": "auto"},
    }
    out = tmp_path / "out"
    app = Sphinx(
        tmp_path,
        None,
        out,
        tmp_path / "doctrees",
        "html",
        settings,
        status=None,
    )
    app.build()
    return out


def test_a_book_without_node_and_fonts_reads_as_before(
    plain_book, visit, serve
):
    assert (plain_book / "_static/mathjax/tex-chtml.js").is_file()
    web = serve(plain_book)
    with visit(f"{web}one.html", web, ready=0) as page:
        page.wait_for_selector("mjx-container")
        assert page.locator("mjx-container").count() == 1
        sheets = page.locator("link[rel=stylesheet]")
        assert sheets.count() == 1


def test_pages_keep_the_search_where_it_happens():
    scripts = '<head><script src="a/searchtools.js"></script></head>'
    for name, kept in ("one.html", 0), ("search.html", 1):
        text = pages.mend(scripts, Path(name), "")
        assert text.count("searchtools") == kept


def test_large_data_wait_for_the_reader(tmp_path):
    (tmp_path / "_static").mkdir()
    few, many = '{"a":1}', '{"a":"' + "x" * later.LEAST + '"}'
    calls = [
        f'mount("k{i}", figure, {s});' for i, s in enumerate((few, many))
    ]
    page = later.put_aside("\n".join(calls), Path("a/b.html"), tmp_path)
    assert calls[0] in page
    assert calls[1] not in page
    assert 'script.src = "../_static/figures/k1.js";' in page
    (file,) = (tmp_path / "_static" / "figures").iterdir()
    assert file.read_text().endswith(f'["k1"] = {many};\n')


def test_scripts_of_figures_have_no_comments():
    script = """<script type="module">
// What it is.
const a = "//b"; // kept
  /** What f does. */
  f(`
  c`);
</script>"""
    page = f"<p>\n// text\n</p>{script}"
    short = script.replace("// What it is.\n", "")
    short = short.replace("  /** What f does. */\n", "")
    assert later.without_comments(page) == page.replace(script, short)


def test_data_that_cannot_be_loaded_are_told(visit, tmp_path):
    from nn.figures import Figure

    (tmp_path / "_static").mkdir()
    figure = Figure(
        "neuron", alt="A neuron that lacks its data. " * 2, x="x" * 30_000
    )
    page = "<!doctype html><html lang=en><title>t</title>" + figure.html()
    page = later.put_aside(page, Path("b.html"), tmp_path)
    (tmp_path / "b.html").write_text(page)
    for file in (tmp_path / "_static" / "figures").iterdir():
        file.unlink()
    with (
        pytest.raises(AssertionError, match="could not be loaded"),
        visit(f"file://{tmp_path}/b.html", "file://", ready=1),
    ):
        pass
