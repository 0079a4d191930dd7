"""The tool that normalises, executes and checks the chapters."""

import json
import subprocess
import sys
from types import SimpleNamespace

import nbformat
import pytest
from tools import rules
from nbformat.v4 import (
    new_code_cell,
    new_markdown_cell,
    new_notebook,
    new_output,
)

from tools import notebooks

URL = "https://github.com/someone/book"
ALT = "A line that rises from the lower left to the upper right."
PIXEL = "iVBORw0KGgo="
SOLUTION = {
    "tags": ["hide-cell"],
    "cellView": "form",
    "jupyter": {"source_hidden": True},
}


@pytest.fixture(autouse=True)
def book(tmp_path, monkeypatch):
    """A book of its own: configuration and a package of two modules."""
    config = f"repository:\n  url: {URL}\n  branch: main\n"
    (tmp_path / "_config.yml").write_text(config, encoding="utf-8")
    modules = {
        "__init__.py": '"""All."""\n',
        "activations.py": "def softmax(Z):\n    return Z\n",
        "layers.py": (
            '"""Layers."""\n\nimport math\n\n\n'
            "class Dense: ...\n\n\n_hidden = 1\nnormal = 2\n"
        ),
    }
    package = SimpleNamespace(
        diff="--- a/layers.py\n+++ b/layers.py\n+class Dense:\n",
        chapters=lambda: sorted(tmp_path.glob("*.ipynb")),
    )
    package.package = lambda until: dict(list(modules.items())[:until])
    monkeypatch.setattr(notebooks, "ROOT", tmp_path)
    monkeypatch.setattr(
        notebooks,
        "export",
        SimpleNamespace(
            chapters=package.chapters,
            package=package.package,
            diff=lambda number: package.diff,
        ),
    )
    return package


def md(source, **metadata):
    return new_markdown_cell(source, metadata=metadata)


def code(source, *outputs, **metadata):
    return new_code_cell(source, outputs=list(outputs), metadata=metadata)


def printed(text, name="stdout"):
    return new_output("stream", name=name, text=text)


def shown(data, alt=None):
    meta = {} if alt is None else {mime: {"alt": alt} for mime in data}
    return new_output("display_data", data=data, metadata=meta)


def picture(alt=ALT, mime="image/png"):
    return shown({mime: PIXEL}, alt)


CHECK = "assert 1 + 1 == 2"


@pytest.fixture
def save(tmp_path):
    """Save the normal form of a chapter with these cells."""

    def save(*cells, name="03_bend_it.ipynb", check=CHECK, after=None):
        path = tmp_path / name
        cells = [md("# Bend it"), *cells, *([code(check)] if check else [])]
        nb = notebooks.normalise(new_notebook(cells=cells), path)
        counted = [c for c in nb.cells if rules.is_code(c)]
        for count, cell in enumerate(counted, 1):
            cell.execution_count = count
        if after:
            after(nb)
        path.write_text(notebooks.text(nb), encoding="utf-8")
        return path

    return save


def only(problems, *parts):
    """One problem is reported, and its line has all the parts."""
    assert len(problems) == 1, problems
    for part in parts:
        assert part in problems[0]


# Normalising


def test_a_chapter_in_its_normal_form_has_no_problem(save):
    path = save(
        md("Text with `{a}` and $x$.\n\n```python\n{a}`b`\n```"),
        code("# (3.1) and (3.2)\nx = 1"),
        md("$$a \\tag{3.1}$$ $$b \\tag{3.2}$$"),
        code("figures.show(fig, alt=text)", picture()),
        code(
            "print(x)",
            printed("16,512 16512.0 0.001234 v1.26.41 and 3/4\n"),
        ),
        code("x", **SOLUTION),
        md('![a line](x.png) <img src="x.png" alt="a line">'),
    )
    assert notebooks.check(path) == []


def test_order_of_the_cells_at_the_top_and_the_end(save):
    nb = notebooks.read(save(md("Text", id="text")))
    ids = [cell.id for cell in nb.cells]
    assert ids[:4] == ["title", "badge", "setup", "text"]
    assert ids[-1] == "package"


def test_normalising_drops_what_varies_and_keeps_what_counts(tmp_path):
    cell = code(
        "x = 1",
        id="one-x",
        tags=["hide-input"],
        mystnb={"figure": {"name": "x"}},
        collapsed=True,
        ExecuteTime={"start": "now"},
        execution={"iopub.status.busy": "now"},
        cellView="both",
    )
    nb = new_notebook(cells=[md("# One"), cell, code("", x=1, tags=[])])
    nb.metadata = {
        "widgets": {"a": 1},
        "jupytext": {},
        "kernelspec": {"name": "venv", "display_name": "Mine"},
        "language_info": {"name": "python", "version": "3.11.2"},
    }
    nb.nbformat_minor = 2
    cell.metadata.tags.append("hide-input")
    before = json.dumps(nb, sort_keys=True)
    new = notebooks.normalise(nb, tmp_path / "01_one.ipynb")
    assert json.dumps(nb, sort_keys=True) == before
    assert (new.nbformat, new.nbformat_minor) == (4, 5)
    assert new.metadata.language_info == {"name": "python"}
    assert new.metadata.kernelspec.name == "python3"
    assert set(new.metadata) == {"language_info", "kernelspec"}
    cell = next(c for c in new.cells if c.id == "one-x")
    kept = {"tags": ["hide-input"], "mystnb": {"figure": {"name": "x"}}}
    assert cell.metadata == kept
    assert new.cells[4].metadata == {}
    nbformat.validate(new)


def test_normalising_twice_changes_nothing_and_does_not_write(save):
    path = save(code("x = 1"), code("x = 1"), code("a", picture()))
    before = path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_ino
    assert notebooks.main([str(path)]) == 0
    after = path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_ino
    assert before == after


def test_ids_are_chosen_by_a_person_or_made_from_the_contents(tmp_path):
    cells = [
        code("a", id="same"),
        code("b", id="same"),
        code("c"),
        code("c"),
        code("d", id="0123456789ab"),
        code("e", id="Xy_Upper"),
        code("f", id="a" * 65),
        code("own = 1", id="setup"),
    ]

    def ids():
        for cell in cells:
            cell.id = nbformat.v4.new_code_cell().id  # drawn at random
        nb = new_notebook(cells=[md("# One"), *cells])
        new = notebooks.normalise(nb, tmp_path / "01_one.ipynb")
        assert new.cells[-2].source == "own = 1", "the author's own cell"
        return [cell.id for cell in new.cells]

    first = ids()
    assert first == ids()
    assert len(set(first)) == len(first)
    assert first[:4] == ["title", "badge", "setup", "same"]
    for name in first[4:-1]:
        assert set(name) <= set("0123456789abcdef")


@pytest.mark.parametrize("mark", SOLUTION)
def test_one_mark_of_a_solution_brings_the_others(tmp_path, mark):
    cell = code("x = 1", id="it", **{mark: SOLUTION[mark]})
    nb = new_notebook(cells=[md("# One"), cell])
    new = notebooks.normalise(nb, tmp_path / "01_one.ipynb")
    assert new.cells[3].metadata == SOLUTION


def test_an_invalid_notebook_is_told(tmp_path):
    nb = new_notebook(cells=[md("# One"), code("x")])
    nb.cells[1].outputs = [{"output_type": "picture"}]
    with pytest.raises(ValueError, match="is not valid"):
        notebooks.normalise(nb, tmp_path / "01_one.ipynb")


def test_the_badge_leads_to_the_notebook(save):
    source = notebooks.read(save()).cells[1].source
    colab = "https://colab.research.google.com/github/someone/book"
    assert f"({colab}/blob/main/notebooks/03_bend_it.ipynb)" in source


@pytest.mark.parametrize(
    "config",
    [
        "title: x",
        "repository: {url: 'https://github.com/a/b'}",
        "repository: {url: 'https://x.org/a', branch: main}",
    ],
)
def test_a_configuration_without_repository_is_told(tmp_path, save, config):
    path = save()
    (tmp_path / "_config.yml").write_text(config, encoding="utf-8")
    with pytest.raises(ValueError, match="expects repository: url"):
        notebooks.normalise(notebooks.read(path), path)


def run_setup(save, monkeypatch, installed, returncode):
    """Run the setup cell; return the commands that it called."""
    import importlib.util

    def find_spec(name):
        return object() if name == "nn" and installed else None

    def pip(command, **options):
        called.append(command)
        return SimpleNamespace(returncode=returncode)

    called = []
    monkeypatch.setattr(importlib.util, "find_spec", find_spec)
    monkeypatch.setattr(subprocess, "run", pip)
    cell = notebooks.read(save()).cells[2]
    assert cell.metadata == {"tags": ["hide-input"]}
    exec(compile(cell.source, "setup", "exec"), {})
    return called


def test_the_setup_cell_does_nothing_where_nn_is(save, monkeypatch):
    assert run_setup(save, monkeypatch, True, 0) == []


def test_the_setup_cell_installs_without_dependencies(save, monkeypatch):
    (command,) = run_setup(save, monkeypatch, False, 0)
    assert command[1:4] == ["-m", "pip", "install"]
    assert "--no-deps" in command
    assert command[-1] == f"git+{URL}"


def test_the_setup_cell_says_how_to_install_from_a_clone(save, monkeypatch):
    with pytest.raises(ModuleNotFoundError, match=r"pip install -e .*nel"):
        run_setup(save, monkeypatch, False, 1)


def test_the_package_cell_names_modules_and_shows_the_diff(save, book):
    source = notebooks.read(save()).cells[-1].source
    assert source == (
        "## What the package holds now\n\n"
        "`activations`: `softmax` · `layers`: `Dense`, `normal`\n\n"
        "```diff\n--- a/layers.py\n+++ b/layers.py\n+class Dense:\n```"
    )
    assert "`layers`" not in notebooks.package_text(2)
    assert "Nothing yet" in notebooks.package_text(1)


def test_a_long_diff_is_folded_and_no_diff_is_said(book):
    book.diff = "+x\n" * 40
    assert "<details>" not in notebooks.package_text(3)
    book.diff = "+x\n" * 41
    folded = notebooks.package_text(3)
    assert "(41 lines)</summary>\n\n```diff\n" in folded
    assert folded.endswith("```\n\n</details>")
    book.diff = "+```"
    assert notebooks.package_text(3).endswith("````diff\n+```\n````")
    book.diff = ""
    assert "changes nothing" in notebooks.package_text(3)


def test_alt_texts_reach_the_page_and_stale_ones_go(tmp_path):
    stale = {"image": {"alt": "old", "width": "50%"}}
    cells = [
        code("a", picture(), id="new"),
        code("b", picture(), id="changed", mystnb=stale),
        code("c", id="gone", mystnb=stale),
    ]
    nb = new_notebook(cells=[md("# One"), *cells])
    new = notebooks.normalise(nb, tmp_path / "01_one.ipynb")
    image = {
        c.id: c.metadata.get("mystnb", {}).get("image") for c in new.cells
    }
    assert image["new"] == {"alt": ALT}
    assert image["changed"] == {"alt": ALT, "width": "50%"}
    assert image["gone"] == {"width": "50%"}


def test_writing_keeps_the_permissions(save):
    path = save()
    path.chmod(0o640)
    assert notebooks.write(path, "new") is True
    assert path.read_text() == "new"
    assert path.stat().st_mode & 0o777 == 0o640


def test_writing_leaves_the_old_file_if_it_fails(save, monkeypatch):
    path = save()
    before = path.read_bytes()

    def fail(*names):
        raise OSError("disk full")

    monkeypatch.setattr(notebooks.os, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        notebooks.write(path, "half")
    assert path.read_bytes() == before
    assert [p.name for p in path.parent.glob(".notebook-*")] == []


# Executing


def test_a_second_execution_is_byte_identical(save):
    path = save(
        code(
            "import os, pathlib, sys\n"
            "for i in range(3):\n"
            "    print(i)\n"
            "    sys.stdout.flush()\n"
            'print(pathlib.Path("here.txt").read_text())\n'
            'print(os.environ["OPENBLAS_NUM_THREADS"])'
        ),
        after=lambda nb: [
            cell.update(execution_count=None)
            for cell in nb.cells
            if cell.cell_type == "code"
        ],
    )
    (path.parent / "here.txt").write_text("beside the notebook")
    assert notebooks.main(["--execute", str(path)]) == 0
    first = path.read_bytes()
    assert notebooks.check(path) == []
    cells = notebooks.read(path).cells
    assert cells[2].outputs == []
    (output,) = cells[3].outputs
    assert output.text == "0\n1\n2\nbeside the notebook\n1\n"
    assert "execution" not in cells[3].metadata
    assert notebooks.main(["--execute", str(path)]) == 0
    assert path.read_bytes() == first


def test_a_cell_that_fails_is_told_and_nothing_is_written(save, capsys):
    path = save(check="assert 1 == 2")
    before = path.read_bytes()
    assert notebooks.main(["--execute", str(path)]) == 1
    assert "AssertionError" in capsys.readouterr().err
    assert path.read_bytes() == before


# Checking: the normal form


def change(index, **values):
    """What turns a saved notebook into a stale one."""
    return lambda nb: nb.cells[index].update(values)


@pytest.mark.parametrize(
    ("after", "where", "what"),
    [
        (change(1, source="[x](y)", id="other"), "cell 2", "badge"),
        (
            change(2, source='importlib.util.find_spec("nn")'),
            "cell 3",
            "se",
        ),
        (
            change(-1, source="## What the package holds now"),
            "(package)",
            "",
        ),
        (change(0, id="intro"), "cell 1", "(the title cell: id)"),
        (change(3, id="0" * 8), "cell 4", "stale (id)"),
        (lambda nb: nb.cells.append(nb.cells[-1]), "cell 6 (package)", ""),
        (change(3, metadata={"collapsed": True}), "cell 4", "metadata"),
        (lambda nb: nb.cells.pop(), "", "package"),
        (
            lambda nb: nb.metadata.update(widgets={}),
            "",
            "notebook metadata",
        ),
    ],
)
def test_a_stale_notebook_is_told(save, capsys, after, where, what):
    path = save(after=after)
    before = path.read_bytes()
    stale = [p for p in notebooks.check(path) if "stale" in p]
    only(stale, where, what, "run python tools/notebooks.py")
    assert path.read_bytes() == before
    assert notebooks.main([str(path)]) == 0
    assert capsys.readouterr().out == f"{path.name}: written\n"
    assert not [p for p in notebooks.check(path) if "stale" in p]


def test_the_title_is_missing(save):
    path = save(after=lambda nb: nb.cells.pop(0))
    assert "no title" in notebooks.check(path)[0]
    path = save(md("Text", id="text"), after=lambda nb: nb.cells.pop(0))
    path.write_text(path.read_text().replace('"badge"', '"other"'))
    assert notebooks.main([str(path)]) == 0
    ids = [cell.id for cell in notebooks.read(path).cells]
    assert ids[:2] == ["badge", "setup"]


def test_an_empty_notebook_gets_the_tools_own_cells(tmp_path):
    new = notebooks.normalise(new_notebook(), tmp_path / "01_one.ipynb")
    assert [cell.id for cell in new.cells] == ["badge", "setup", "package"]


# Checking: text


@pytest.mark.parametrize(
    ("source", "what"),
    [
        ("```{note}\nx\n```", "directive fence"),
        ("Text\n\n:::{note}\nx\n:::", "directive fence"),
        ("~~~ {math}\nx\n~~~", "directive fence"),
        ("as {cite}`rumelhart1986` says", "MyST role {cite}"),
        ("see {ref}`that`", "MyST role {ref}"),
        ("a `span`, then {py:func}`x`", "MyST role {py:func}"),
        ("![](x.png)", "image without alt"),
        ("![ ](x.png)", "image without alt"),
        ('<img src="x.png">', "image without alt"),
        ('<img src="x.png" alt="">', "image without alt"),
        (r"$$a \tag{2.1}$$", r"\tag{2.1}: this chapter's tags are 3.1"),
        (r"$$a \tag{3.1}$$ $$b \tag{3.1}$$", "there twice"),
    ],
)
def test_markdown_rules(save, source, what):
    only(notebooks.check(save(md(source, id="it"))), "cell 4 (it): ", what)


def test_code_names_equations_that_exist(save):
    save(md(r"$$\tag{2.4}$$"), name="02_a_layer.ipynb")
    save(md(r"$$\tag{9.1}$$"), name="09_later.ipynb")
    good = code("x = 1  # (3.1), (2.4)\ny = 1  # the mean (2.5)")
    assert notebooks.check(save(md(r"$$\tag{3.1}$$"), good)) == []
    for tag in ("3.2", "2.5", "9.1", "1.1"):
        path = save(code(f"x = 1  # ({tag})", id="it"))
        only(notebooks.check(path), f"(it): # ({tag}): no such equation")
    path = save(md(r"$$\tag{3.1}$$"), code("x = 1  # (3.1), (3.2)"))
    only(notebooks.check(path), "# (3.2)")


# Checking: code


def lines(count, first="x = 1"):
    return "\n".join([first] + ["x = 1"] * (count - 1))


def short(count=12):
    """Short cells, which keep the mean down."""
    return [code("x = 1") for _ in range(count)]


LAYERS = "# nn/layers.py"


@pytest.mark.parametrize(("first", "most"), [("x", 25), (LAYERS, 45)])
def test_the_length_of_cells(save, first, most):
    good = code(lines(most, first))
    assert notebooks.check(save(*short(), good)) == []
    path = save(*short(), code(lines(most + 1, first), id="it"))
    only(notebooks.check(path), "(it): ", f"{most} are allowed: split")


def test_the_mean_length_of_cells(save):
    assert notebooks.check(save(code(lines(15)), check=CHECK)) == []
    path = save(check=lines(9, CHECK))
    only(notebooks.check(path), "have 9.0 lines on average")
    path = save(code(lines(16)), check=CHECK)
    only(
        notebooks.check(path), "ipynb: code cells have 8.5 lines on average"
    )


@pytest.mark.parametrize("folding", [{"tags": ["hide-input"]}, SOLUTION])
def test_folded_cells_have_no_bound(save, folding):
    assert notebooks.check(save(code(lines(99), **folding))) == []


def test_the_width_of_code(save):
    assert notebooks.check(save(code("#" * 76))) == []
    path = save(code("x = 1\n" + "#" * 77, id="it"))
    only(notebooks.check(path), "(it): code line of 77 columns")


def test_the_width_of_the_setup_cell_is_the_address(save, tmp_path):
    config = "repository: {url: 'https://github.com/%s/x', branch: main}"
    (tmp_path / "_config.yml").write_text(config % ("a" * 70))
    assert notebooks.check(save()) == []


def test_text_is_not_code(save):
    titled = md("# nn/layers.py\ndef backward(X):\n    return X")
    assert notebooks.check(save(titled, md("x", tags=["hide-cell"]))) == []
    only(notebooks.check(save(md(CHECK), check=None)), "no check")
    path = save(after=lambda nb: nb.cells[0].update(code("# One")))
    assert "no title" in notebooks.check(path)[0]


def test_a_trailing_semicolon(save):
    path = save(code("a = 1; b = 2\nb;\n", id="it"))
    only(notebooks.check(path), "(it): ends in a semicolon")


@pytest.mark.parametrize("mark", SOLUTION)
def test_a_solution_without_a_mark(save, mark):
    def after(nb):
        del nb.cells[3].metadata[mark]

    problems = notebooks.check(save(code("x", **SOLUTION), after=after))
    assert any("cell 4" in p and "all three marks" in p for p in problems)


def test_a_chapter_without_a_check(save):
    only(notebooks.check(save(check=None)), "ipynb: no check")
    path = save(code(CHECK, **SOLUTION), code("x  # assert"), check=None)
    only(notebooks.check(path), "no check")
    path = save(code(f"# nn/layers.py\n{CHECK}"), check=None)
    only(notebooks.check(path), "no check")


@pytest.mark.parametrize("name", ["backward", "gradient"])
def test_a_backward_pass_is_measured(save, name):
    method = f"class A:\n    def {name}(self, dZ):\n        "
    works = code(f"{LAYERS}\n{method}return dZ", id="it")
    only(notebooks.check(save(works)), "(it): a backward pass that nothing")
    for function in ("check_gradients", "numerical_gradient"):
        call = code(f"errors = {function}(f, x)")
        assert notebooks.check(save(works, call)) == []
        hidden = code(call.source, **SOLUTION)
        only(notebooks.check(save(works, hidden)), "a backward pass")
    empty = code(f'{LAYERS}\n{method}"""Later."""\n        raise Later')
    assert notebooks.check(save(empty)) == []
    assert notebooks.check(save(code(f"{method}return dZ"))) == []
    forward = f"{LAYERS}\n{method}return dZ".replace(name, "forward")
    assert notebooks.check(save(code(forward))) == []


# Checking: outputs


@pytest.mark.parametrize("count", [None, 1, 3, 7])
def test_execution_counts_run_from_one(save, count):
    path = save(code("x", id="it"), after=change(3, execution_count=count))
    what = f"(it): execution count {count}, not 2"
    only(notebooks.check(path), what, "--execute")


def test_empty_code_cells_are_not_counted(save):
    assert notebooks.check(save(code(""))) == []


def html(text):
    return shown({"text/html": text})


ERROR = new_output("error", ename="E", evalue="e", traceback=["E: e"])
FIGURE = '<div class="nn" data-nn="neuron"><script>1</script></div>'


@pytest.mark.parametrize(
    ("output", "tag", "what"),
    [
        (ERROR, None, "error output"),
        (printed("careful", "stderr"), None, "stderr output"),
        (shown({"text/latex": "x"}), None, "output of type text/latex"),
        (shown({"application/json": {}}), None, "type application/json"),
        (html("<b>x</b>"), "nbval-ignore-output", "no nn.figures.Figure"),
        (html("<p><i data-nn=1>"), "nbval-ignore-output", "no nn.figures"),
        (html(FIGURE), None, "without the tag nbval-ignore-output"),
        (picture("too short"), None, "without an alt text of 30"),
        (picture(None), None, "without an alt text of 30"),
        (picture("x" * 29, "image/svg+xml"), None, "without an alt text"),
        (printed("<f at 0x7f12ab34cd>"), "nbval-ignore-output", "memory"),
        (printed("in /home/me/nn"), "nbval-ignore-output", "path, /home/"),
        (printed("\x1b[0;31m/usr/lib/x.py\x1b[0m"), None, "path, /usr/"),
        (printed(r"C:\Users"), None, "path, C:"),
        (printed("0.12345"), None, "0.12345 has more than 4 significant"),
        (printed("loss 1.2345e-05"), None, "1.2345e-05 has more"),
        (printed("-1,234.56."), None, "1,234.56 has more"),
        (printed("2.34567x"), None, "2.34567 has more"),
        (shown({"text/plain": "x=3.14159"}), None, "3.14159 has more"),
    ],
)
def test_output_rules(save, output, tag, what):
    tags = {"tags": [tag]} if tag else {}
    path = save(code("x", output, id="it", **tags))
    only(notebooks.check(path), "cell 4 (it): ", what)


@pytest.mark.parametrize(
    ("output", "tag"),
    [
        (ERROR, "raises-exception"),
        (printed("careful", "stderr"), "remove-stderr"),
        (html(FIGURE), "nbval-ignore-output"),
        (printed("0.12345"), "nbval-ignore-output"),
        (picture("x" * 30), None),
        (printed("1.234 0.0001234 12.34 1,234,567 7.0.12345"), None),
        (printed("dL/dW (n, n_in)/2 https://x.org/a/b and/or 0x1F"), None),
    ],
)
def test_outputs_that_are_fine(save, output, tag):
    tags = {"tags": [tag]} if tag else {}
    assert notebooks.check(save(code("x", output, **tags))) == []


@pytest.mark.parametrize(
    "svg",
    [
        "<svg><script>1</script></svg>",
        '<svg onload="x()"></svg>',
        '<svg><a href="javascript:x()"/></svg>',
        "<svg><foreignObject/></svg>",
    ],
)
def test_an_svg_that_runs_something(save, svg):
    path = save(code("x", shown({"image/svg+xml": svg}, ALT)))
    only(notebooks.check(path), "SVG with a script")


def test_two_pictures_with_different_texts(save):
    two = code("x", picture(), picture(ALT[::-1]), id="it")
    only(notebooks.check(save(two)), "(it): two pictures with different")
    assert notebooks.check(save(code("x", picture(), picture()))) == []


# The command


def test_check_reports_every_notebook_and_changes_none(save, capsys):
    one = save(code("x;", id="it"), name="01_one.ipynb")
    two = save(code("y;", id="it"), name="02_two.ipynb")
    before = one.read_bytes(), two.read_bytes()
    assert notebooks.main(["--check"]) == 1  # all chapters
    report = capsys.readouterr().err.splitlines()
    what = "ends in a semicolon: end a plot with figures.show"
    assert report == [
        f"01_one.ipynb: cell 4 (it): {what}",
        f"02_two.ipynb: cell 4 (it): {what}",
    ]
    assert (one.read_bytes(), two.read_bytes()) == before
    assert notebooks.main(["--check", str(save())]) == 0


@pytest.mark.parametrize(
    ("name", "contents", "what"),
    [
        ("01_one.ipynb", "not JSON", "is not a notebook"),
        ("01_one.ipynb", "{}", "expected format 4, got None"),
        ("01_one.ipynb", '{"nbformat": 3, "cells": []}', "got 3"),
        ("one.ipynb", None, "begins with its number"),
        ("01_none.ipynb", "", "is not a notebook"),
    ],
)
def test_a_file_that_is_no_chapter(tmp_path, capsys, name, contents, what):
    path = tmp_path / name
    if contents is None:
        contents = notebooks.text(new_notebook())
    if contents:
        path.write_text(contents, encoding="utf-8")
    for mode in ([], ["--check"], ["--execute"]):
        assert notebooks.main([*mode, str(path)]) == 1
        assert what in capsys.readouterr().err


def test_what_the_exporter_refuses_is_told(save, monkeypatch, capsys):
    def refuse(**until):
        raise notebooks.ExportError("01_one.ipynb, cell 3: no")

    path = save()
    monkeypatch.setattr(notebooks.export, "package", refuse)
    monkeypatch.setattr(notebooks.export, "chapters", refuse)
    for arguments in ([], ["--check", str(path)]):
        assert notebooks.main(arguments) == 1
        assert capsys.readouterr().err == "01_one.ipynb, cell 3: no\n"


def test_the_script_itself(tmp_path):
    command = [sys.executable, notebooks.__file__, "--check"]
    told = subprocess.run(
        [*command, tmp_path / "01_none.ipynb"],
        capture_output=True,
        text=True,
    )
    assert told.returncode == 1
    assert "01_none.ipynb is not a notebook" in told.stderr


def test_modes_exclude_one_another():
    with pytest.raises(SystemExit) as error:
        notebooks.main(["--check", "--execute"])
    assert error.value.code == 2


def test_the_table_measures_a_chapter(save, capsys):
    path = save(
        md("Two words, $x$ and <b>three</b>.\n\n```python\nno prose\n```"),
        code("# nn/layers.py\nx = 1"),
        code("check_gradients(f, arrays, gradients)", picture()),
        code("y = 1", picture(None), tags=["hide-input"]),
        md("### Exercise 1 — AND"),
        code("y = 2", **SOLUTION),
        md("### Exercise 2 — OR"),
        md("<details><summary>Solution</summary>No.</details>"),
        md(
            "### Quiz\n\n**Question 1.** Why?\n\n"
            "<details><summary>Answer</summary>So.</details>"
        ),
    )
    measures = notebooks.measure(path)
    assert measures == {
        "words": 2 + 4 + 2 + 2 + 2 + 5,
        "code lines": 4,
        "words/line": 4.2,
        "exported": 2,
        "cells": 5,
        "mean": 1.3,
        "exercises": 2,
        "solutions": 2,
        "questions": 1,
        "answers": 1,
        "figures": 2,
        "alt texts": 1,
        "checks": 2,
    }
    assert notebooks.main(["--table", str(path)]) == 1
    printed = capsys.readouterr()
    head, row = printed.out.splitlines()
    assert head.split()[:2] == ["chapter", "words"]
    assert row.split()[:2] == ["03_bend_it", str(measures["words"])]
    assert "03_bend_it.ipynb: words: 17, expected" in printed.err
