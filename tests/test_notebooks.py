"""The tool that normalizes, executes and checks the chapters."""

import io
import json
import shutil
import subprocess
import sys
import tomllib
import warnings
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace

import nbformat
import numpy as np
import pytest
from nbformat.v4 import new_notebook
from packaging.utils import parse_wheel_filename
from PIL import Image
from test_rules import ALT, SOLUTION, code, md, picture, printed

from nn.figures import Figure
from tools import cells, notebooks, rules

ROOT = notebooks.ROOT
URL = "https://github.com/someone/book"
SITE = "https://someone.github.io/book/"
CONFIG = f"""\
repository: {{url: '{URL}', branch: main}}
html: {{baseurl: '{SITE}'}}
"""
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
NAME, VERSION = PROJECT["name"], PROJECT["version"]
OLD = "# Page\n\n<!-- {0} -->\n- old\n<!-- /{0} -->\n"
HIDDEN = {
    "tags": ["hide-input"],
    "cellView": "form",
    "jupyter": {"source_hidden": True},
}
PAGE = rules.contributing(OLD.format("words") + OLD.format("rules"))


@pytest.fixture(autouse=True)
def book(tmp_path, monkeypatch):
    """A book of its own: configuration and a package of two modules."""
    (tmp_path / "_config.yml").write_text(CONFIG, encoding="utf-8")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / "CONTRIBUTING.md").write_text(PAGE, encoding="utf-8")
    package = SimpleNamespace(
        changed="--- a/layers.py\n+++ b/layers.py\n+class Dense:\n",
        chapters=lambda: sorted(tmp_path.glob("*.ipynb")),
        holdings=lambda number: {
            "layers": {"Dense": True, "normal": False}
        },
        diff=lambda number, brief: package.changed,
    )
    monkeypatch.setattr(notebooks, "ROOT", tmp_path)
    monkeypatch.setattr(notebooks, "export", package)
    lists = {"CONTRIBUTING.md": rules.contributing}
    monkeypatch.setattr(notebooks, "LISTS", lists)
    return package


def normal(*parts, path=Path("01_one.ipynb")):
    """The normal form of a chapter with these cells."""
    nb = new_notebook(cells=[md("# One"), *parts])
    return notebooks.normalize(nb, path)


@pytest.fixture
def save(tmp_path):
    """Save the normal form of a chapter with these cells."""

    def save(*parts, name="03_bend_it.ipynb", after=None):
        path = tmp_path / name
        nb = normal(*parts, code("assert 1 + 1 == 2"), path=path)
        if after:
            after(nb)
        path.write_text(cells.text(nb), encoding="utf-8")
        return path

    return save


def stale(path):
    """Where the notebook is not in its normal form: [cell's index]."""
    found = notebooks.check(path)
    return [p.cell for p in found if p.rule == "normal_form"]


# Normalizing


def test_order_of_the_cells_at_the_top_and_the_end(save):
    nb = cells.read(save(md("Text", id="text")))
    ids = [cell.id for cell in nb.cells]
    assert ids[:4] == ["title", "badge", "setup", "text"]
    assert ids[-1] == "package"


def test_normalizing_drops_what_varies_and_keeps_what_counts(tmp_path):
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
    parts = [md("# One"), md("## Part"), cell, code("", x=1, tags=[])]
    nb = new_notebook(cells=parts)
    nb.metadata = {
        "widgets": {"a": 1},
        "jupytext": {},
        "kernelspec": {"name": "venv", "display_name": "Mine"},
        "language_info": {"name": "python", "version": "3.11.2"},
    }
    nb.nbformat_minor = 2
    cell.metadata.tags.append("hide-input")
    before = json.dumps(nb, sort_keys=True)
    new = notebooks.normalize(nb, tmp_path / "01_one.ipynb")
    assert json.dumps(nb, sort_keys=True) == before
    assert (new.nbformat, new.nbformat_minor) == (4, 5)
    assert new.metadata.language_info.file_extension == ".py"
    assert "version" not in new.metadata.language_info
    assert new.metadata.kernelspec.name == "python3"
    assert set(new.metadata) == {"language_info", "kernelspec"}
    cell = next(c for c in new.cells if c.id == "one-x")
    assert cell.metadata == HIDDEN | {"mystnb": {"figure": {"name": "x"}}}
    assert new.cells[5].metadata == {}
    nbformat.validate(new)


def test_normalizing_drops_hidden_messages(tmp_path):
    said = [printed(name, name) for name in ("stderr", "stdout")]
    for tags, kept in (([], said), (["remove-stderr"], said[1:])):
        nb = new_notebook(cells=[md("# A"), code("a", *said, tags=tags)])
        new = notebooks.normalize(nb, tmp_path / "01_a.ipynb")
        (cell,) = (c for c in new.cells if c.source == "a")
        assert cell.outputs == kept


def test_normalizing_twice_changes_nothing_and_does_not_write(save):
    path = save(code("x = 1"), code("x = 1"), code("a", picture()))
    before = path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_ino
    assert notebooks.main([str(path)]) == 0
    after = path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_ino
    assert before == after


def test_ids_are_chosen_by_a_person_or_made_from_the_contents():
    parts = [
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
        for cell in parts:
            cell.id = nbformat.v4.new_code_cell().id  # drawn at random
        new = normal(*parts)
        assert new.cells[-2].source == "own = 1", "the author's own cell"
        return [cell.id for cell in new.cells]

    first = ids()
    assert first == ids()
    assert len(set(first)) == len(first)
    assert first[:4] == ["title", "badge", "setup", "same"]
    for name in first[4:-1]:
        assert set(name) <= set("0123456789abcdef")


@pytest.mark.parametrize("mark", SOLUTION)
def test_one_mark_of_a_solution_brings_the_others(mark):
    cell = code("x = 1", id="it", **{mark: SOLUTION[mark]})
    assert normal(md("## Part"), cell).cells[4].metadata == SOLUTION


def test_what_the_page_folds_is_folded_in_jupyter_and_on_colab():
    new = normal(
        code("import numpy", id="imports"),
        md("## Part"),
        code("x = 1", id="code"),
        code("y = 1", id="figure", tags=["hide-input"]),
        code("z = 1", id="answer", tags=["hide-output"]),
    )
    found = {cell.id: cell.metadata for cell in new.cells}
    assert found["imports"] == found["figure"] == HIDDEN
    assert found["code"] == {}
    assert found["answer"].jupyter == {"outputs_hidden": True}
    assert "cellView" not in found["answer"]


def test_an_invalid_notebook_is_reported():
    nb = new_notebook(cells=[code("x")])
    nb.cells[0].outputs = [{"output_type": "picture"}]
    with pytest.raises(ValueError, match="is not valid"):
        notebooks.normalize(nb, Path("01_one.ipynb"))


def test_the_badge_leads_to_the_notebook(save):
    source = cells.read(save()).cells[1].source
    colab = "https://colab.research.google.com/github/someone/book"
    assert f"({colab}/blob/main/notebooks/03_bend_it.ipynb)" in source


@pytest.mark.parametrize(
    ("config", "missing"),
    [
        ("title: x", "repository: url"),
        ("repository: {url: 'https://github.com/a/b'}", "repository: url"),
        (CONFIG.replace("github.com", "x.org"), "repository: url"),
        (CONFIG.partition("html")[0], "html: baseurl"),
        (CONFIG.replace("io/book/", "io/book"), "html: baseurl"),
    ],
)
def test_a_wrong_configuration_is_reported(tmp_path, config, missing):
    (tmp_path / "_config.yml").write_text(config, encoding="utf-8")
    with pytest.raises(ValueError, match=f"must have {missing}"):
        normal()


@pytest.fixture
def run_setup(save, monkeypatch):
    """Run the setup cell where a version is installed; what pip ran."""

    def run(installed, returncode=0):
        def pip(command, **options):
            called.append(command)
            return SimpleNamespace(returncode=returncode)

        def version(name):
            if name not in installed:
                raise metadata.PackageNotFoundError(name)
            return installed[name]

        called = []
        monkeypatch.setattr(metadata, "version", version)
        monkeypatch.setattr(subprocess, "run", pip)
        exec(cells.read(save()).cells[2].source, {})
        return called

    return run


def test_the_setup_cell_is_folded(save):
    assert cells.read(save()).cells[2].metadata == HIDDEN


def test_the_setup_cell_installs_the_wheel_of_the_site(run_setup):
    with warnings.catch_warnings(action="error"):
        assert run_setup({NAME: VERSION}) == []
        (command,) = run_setup({"nn": "0.1.1"})  # somebody else's
    assert command[1:4] == ["-m", "pip", "install"]
    site, _, wheel = command[-1].rpartition("/")
    assert f"{site}/" == SITE
    name, version, *_ = parse_wheel_filename(wheel)
    assert (name, str(version)) == (NAME, VERSION)


def test_the_setup_cell_says_what_to_do_if_pip_fails(run_setup):
    with pytest.raises(ModuleNotFoundError) as error:
        run_setup({}, returncode=1)
    own = f'pip install "{NAME}[notebooks] @ {SITE}{notebooks.wheel()}"'
    for said in ("On Kaggle", "On Colab", "On your own machine", own):
        assert said in str(error.value)


def test_the_setup_cell_warns_of_another_version(run_setup):
    said = f"needs {NAME} {VERSION}, but 0.0.1 is installed"
    with pytest.warns(UserWarning, match=said):
        assert run_setup({NAME: "0.0.1"}) == []


def test_the_package_cell_names_modules_and_shows_the_diff(save, book):
    source = cells.read(save()).cells[-1].source
    assert source == (
        "## What the package holds now\n\n"
        "The modules that this chapter touches, its own names in bold:\n"
        "`layers`: **`Dense`**, `normal`. New definitions are given by "
        "their first\nlines.\n\n"
        "```diff\n--- a/layers.py\n+++ b/layers.py\n+class Dense:\n```"
    )


def test_a_long_diff_is_folded_and_no_diff_is_said(book):
    book.changed = "+x\n" * 40
    assert "<details>" not in notebooks.package_text(3)
    book.changed = "+x\n" * 41
    folded = notebooks.package_text(3)
    assert "(41 lines)</summary>\n\n```diff\n" in folded
    assert folded.endswith("```\n\n</details>")
    book.changed = "+```"
    assert notebooks.package_text(3).endswith("````diff\n+```\n````")
    book.changed = ""
    assert "adds nothing" in notebooks.package_text(3)


def test_alt_texts_reach_the_page_and_stale_ones_go():
    old = {"image": {"alt": "old", "width": "50%"}}
    new = normal(
        code("a", picture(), id="new"),
        code("b", picture(), id="changed", mystnb=old),
        code("c", id="gone", mystnb=old),
    )
    image = {
        c.id: c.metadata.get("mystnb", {}).get("image") for c in new.cells
    }
    assert image["new"] == {"alt": ALT}
    assert image["changed"] == {"alt": ALT, "width": "50%"}
    assert image["gone"] == {"width": "50%"}


def point():
    """A PNG of one point."""
    png = io.BytesIO()
    Image.new("L", (1, 1)).save(png, "png")
    return png.getvalue()


@pytest.mark.parametrize("poster", [None, point()])
def test_a_stored_figure_gets_the_module_of_today(poster):
    data = {"w": 0.1, "text": "</script>", "X": np.arange(3.0)}
    figure = Figure("neuron", alt=ALT, poster=poster, **data)
    bundle, _ = figure._repr_mimebundle_()
    bundle["text/html"] = bundle["text/html"].replace("max(0,", "min(0,")
    assert bundle["text/html"] != figure.html()
    output = nbformat.v4.new_output("display_data", data=bundle)
    (cell,) = [
        c for c in normal(code("f", output)).cells if c.source == "f"
    ]
    assert cell.outputs[0].data["text/html"] == figure.html()
    assert cell.outputs[0].data["text/plain"] == ALT


def test_writing_keeps_the_permissions(save):
    path = save()
    path.chmod(0o640)
    assert cells.write(path, "new") is True
    assert cells.write(path, "new") is False
    assert path.read_text() == "new"
    assert path.stat().st_mode & 0o777 == 0o640


def test_writing_leaves_the_old_file_if_it_fails(save, monkeypatch):
    path = save()
    before = path.read_bytes()

    def fail(*names):
        raise OSError("disk full")

    monkeypatch.setattr(cells.os, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        cells.write(path, "half")
    assert path.read_bytes() == before
    assert [p.name for p in path.parent.glob("*.part")] == []


# Executing


@pytest.mark.full
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
    )
    (path.parent / "here.txt").write_text("beside the notebook")
    assert notebooks.main(["--execute", str(path)]) == 0
    first = path.read_bytes()
    broken = {problem.rule for problem in notebooks.check(path)}
    assert not broken & {"normal_form", "execution_counts", "output_types"}
    setup, cell = cells.read(path).cells[2:4]
    assert setup.outputs == []
    (output,) = cell.outputs
    assert output.text == "0\n1\n2\nbeside the notebook\n1\n"
    assert "execution" not in cell.metadata
    assert notebooks.main(["--execute", str(path)]) == 0
    assert path.read_bytes() == first


@pytest.mark.full
def test_a_cell_that_fails_is_reported_and_nothing_is_written(save, capsys):
    path = save(code("assert 1 == 2"))
    before = path.read_bytes()
    assert notebooks.main(["--execute", str(path)]) == 1
    assert "AssertionError" in capsys.readouterr().err
    assert path.read_bytes() == before


# Checking: the normal form


def change(index, **values):
    """What turns a saved notebook into a stale one."""
    return lambda nb: nb.cells[index].update(values)


@pytest.mark.parametrize(
    ("after", "cell"),
    [
        (change(1, source="[x](y)", id="other"), 1),
        (change(2, source=cells.OWN["setup"]), 2),
        (change(-1, source="## What the package holds now"), 4),
        (change(0, id="intro"), 0),
        (change(3, id="0" * 8), 3),
        (lambda nb: nb.cells.append(nb.cells[-1]), 5),
        (change(3, metadata={"collapsed": True}), 3),
        (lambda nb: nb.cells.pop(), None),
        (lambda nb: nb.metadata.update(widgets={}), None),
    ],
)
def test_a_stale_notebook_is_reported(save, capsys, after, cell):
    path = save(after=after)
    before = path.read_bytes()
    assert stale(path) == [cell]
    assert path.read_bytes() == before
    assert notebooks.main([str(path)]) == 0
    assert capsys.readouterr().out == f"{path.name}: written\n"
    assert stale(path) == []


def test_a_notebook_without_a_title(save):
    path = save(md("Text", id="text"), after=lambda nb: nb.cells.pop(0))
    assert stale(path) == []
    ids = [cell.id for cell in cells.read(path).cells]
    assert ids[:3] == ["badge", "setup", "text"]


def test_an_empty_notebook_gets_the_tools_own_cells(tmp_path):
    new = notebooks.normalize(new_notebook(), tmp_path / "01_one.ipynb")
    assert [cell.id for cell in new.cells] == ["badge", "setup", "package"]


# The command


def test_check_reports_every_notebook_and_changes_none(save, capsys):
    one = save(code("x;", id="it"), name="01_one.ipynb")
    two = save(code("y;", id="it"), name="02_two.ipynb")
    before = one.read_bytes(), two.read_bytes()
    assert notebooks.main(["--check"]) == 1  # all chapters
    report = capsys.readouterr().err.splitlines()
    for name in "01_one", "02_two":
        start = f"{name}.ipynb: cell 4 (it): semicolons: "
        assert sum(line.startswith(start) for line in report) == 1
        start = f"{name}.ipynb: words: "
        assert sum(line.startswith(start) for line in report) == 1
    assert (one.read_bytes(), two.read_bytes()) == before


def test_check_reads_each_notebook_once(save, monkeypatch):
    paths = [save(name=f"0{n}_one.ipynb") for n in (1, 2, 3)]
    cells._read.cache_clear()
    notebooks.main(["--check"])
    assert cells._read.cache_info().misses == len(paths)


def test_the_list_of_rules_is_kept(save, tmp_path, capsys):
    page = tmp_path / "CONTRIBUTING.md"
    page.write_text(PAGE.replace("- `title`", "- old"), encoding="utf-8")
    save()
    notebooks.main(["--check"])
    assert "CONTRIBUTING.md: lists: stale" in capsys.readouterr().err
    assert notebooks.main([]) == 0
    assert page.read_text(encoding="utf-8") == PAGE
    notebooks.main(["--check"])
    assert "CONTRIBUTING.md" not in capsys.readouterr().err


def test_the_check_of_all_chapters_reads_the_other_texts(tmp_path, capsys):
    (tmp_path / "book").mkdir()
    page = tmp_path / "book" / "page.md"
    page.write_text("Nobody reads it, as nobody (2001) said.")
    assert notebooks.main(["--check"]) == 1
    line = "book/page.md: wording: “Nobody reads it, as” (nobody): write "
    assert line in capsys.readouterr().err
    assert notebooks.main([]) == 0


FILE = '{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": []}'


@pytest.mark.parametrize(
    ("name", "contents", "what"),
    [
        ("01_one.ipynb", b"not JSON", "is not a notebook"),
        ("01_one.ipynb", b"", "is not a notebook"),
        ("01_one.ipynb", b"{}", "nbformat must be 4, but is None"),
        ("01_one.ipynb", b"[]", "nbformat must be 4, but is None"),
        ("01_one.ipynb", b'{"nbformat": 3, "cells": []}', "but is 3"),
        ("01_one.ipynb", b'{"nbformat": 4}', "is not a notebook"),
        ("01_one.ipynb", f"\ufeff{FILE}".encode(), "BOM"),
        ("01_one.ipynb", FILE.encode("utf-16"), "is not a notebook"),
        ("01_one.ipynb", b"{\n<<<<<<< HEAD\n1\n", "a merge conflict"),
        ("one.ipynb", FILE.encode(), "must begin with its number"),
        ("01_none.ipynb", None, "is not a notebook"),
    ],
)
def test_a_file_that_is_no_chapter(tmp_path, capsys, name, contents, what):
    path = tmp_path / name
    if contents is not None:
        path.write_bytes(contents)
    for mode in ([], ["--check"], ["--execute"]):
        assert notebooks.main([*mode, str(path)]) == 1
        (line,) = capsys.readouterr().err.splitlines()
        assert what in line
        assert name in line


@pytest.mark.parametrize("minor", range(6))
def test_cells_without_ids_as_colab_saves_them_get_ids(save, minor):
    path = save(code("x = 1"), md("Text"))
    contents = path.read_text(encoding="utf-8")
    nb = json.loads(contents) | {"nbformat_minor": minor}
    for cell in nb["cells"]:
        del cell["id"]
    path.write_text(json.dumps(nb), encoding="utf-8")
    assert stale(path) == [0]
    assert notebooks.main([str(path)]) == 0
    assert path.read_text(encoding="utf-8") == contents


def test_what_the_exporter_refuses_is_reported(save, monkeypatch, capsys):
    def refuse(*arguments):
        raise ValueError("01_one.ipynb, cell 3: no")

    path = save()
    monkeypatch.setattr(notebooks.export, "holdings", refuse)
    monkeypatch.setattr(notebooks.export, "chapters", refuse)
    for arguments in ([], ["--check", str(path)]):
        assert notebooks.main(arguments) == 1
        assert capsys.readouterr().err == "01_one.ipynb, cell 3: no\n"


def test_the_command_itself(tmp_path):
    command = [sys.executable, "-m", "tools", "notebooks", "--check"]
    done = subprocess.run(
        [*command, tmp_path / "01_none.ipynb"],
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert done.returncode == 1
    assert "01_none.ipynb is not a notebook" in done.stderr


def test_modes_exclude_one_another():
    with pytest.raises(SystemExit) as error:
        notebooks.main(["--check", "--execute"])
    assert error.value.code == 2


def test_the_table_measures_a_chapter(save, capsys):
    fence = "```python\nno prose\n```"
    path = save(
        md(f"## Two\n\nWords, $x$ and <b>three</b>.\n\n{fence}"),
        code("# nn/layers.py\nx = 1"),
        code("check_gradients(f, arrays, gradients)", picture()),
        code("y = 1", picture(), tags=["hide-input"]),
        md("### Exercise 1 — AND"),
        code("y = 2", **SOLUTION),
        md("### Exercise 2 — OR"),
        md("<details><summary>Solution</summary>No.</details>"),
        md(
            "### Quiz\n\n**Question 1.** Why?\n\n"
            "<details><summary>Answer</summary>So.</details>"
        ),
    )
    assert rules.measure(cells.read(path)) == {
        "words": 1 + 4 + 2 + 2 + 2 + 5,
        "words/line": 4.0,
        "exported": 2,
        "statements": 2,
        "mean": 1.0,
        "cells": 5,
        "exercises": 2,
        "solutions": 1,
        "questions": 1,
        "figures": 2,
        "checks": 2,
    }
    assert notebooks.main(["--table", str(path)]) == 0
    printed = capsys.readouterr()
    head, row = printed.out.splitlines()
    assert head.split()[:2] == ["chapter", "words"]
    assert row.split()[:2] == ["03_bend_it", "16"]
    assert printed.err == ""
