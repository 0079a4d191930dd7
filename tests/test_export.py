"""The exporter: one definition per name, whole, in order, or a refusal."""

import ast
import subprocess
import sys
from pathlib import Path

from tools import export
import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

ROOT = Path(export.__file__).parents[1]


@pytest.fixture
def book(tmp_path):
    """Write chapters, each a list of cells, into a book of its own."""

    def write(*chapters):
        (tmp_path / "notebooks").mkdir(exist_ok=True)
        names = []
        for n, cells in enumerate(chapters, 1):
            name = f"notebooks/{n:02d}_chapter"
            nb = new_notebook(cells=[new_markdown_cell(f"# Chapter {n}")])
            nb.cells += [
                new_code_cell(c, id=f"c{i}") for i, c in enumerate(cells)
            ]
            nbformat.write(nb, tmp_path / f"{name}.ipynb")
            names.append(name)
        files = "".join(f"      - file: {name}\n" for name in names)
        (tmp_path / "_toc.yml").write_text(
            f"parts:\n  - chapters:\n{files}"
        )
        return tmp_path

    return write


def module(text):
    """The source of a module without its header, lines joined."""
    return text.removeprefix(export.HEADER + "\n")


def names(text):
    """What a module defines at its top level, in order."""
    tree = ast.parse(text)
    return [n.name for n in tree.body if hasattr(n, "name")]


def refuse(root, *parts):
    with pytest.raises(export.ExportError) as info:
        export.package(root=root)
    for part in parts:
        assert part in str(info.value)


def test_only_captioned_cells_are_exported_to_the_letter(book):
    code = "# nn/a.py\ndef f(x):  # a comment\n    return  x+1"
    root = book(["import numpy as np", "def helper():\n    pass", code])
    files = export.package(root=root)
    assert set(files) == {"a.py", "__init__.py"}
    assert files["a.py"].endswith(
        "\n\n# chapter 1: Chapter 1\n"
        "def f(x):  # a comment\n    return  x+1\n"
    )
    assert "helper" not in files["a.py"]
    assert "numpy" not in files["a.py"]


def test_the_last_definition_wins_and_keeps_the_first_place(book):
    root = book(
        [
            "# nn/a.py\ndef f():\n    return 1",
            "# nn/a.py\ndef g():\n    pass",
        ],
        ["# nn/a.py\ndef f():\n    return 2"],
    )
    text = export.package(root=root)["a.py"]
    assert names(text) == ["f", "g"]
    assert "return 2" in text
    assert "return 1" not in text
    assert "return 1" in export.package(1, root)["a.py"]


def test_what_is_needed_at_once_stands_above(book):
    root = book(
        ["# nn/a.py\nclass A:\n    pass", "# nn/a.py\nclass B:\n    pass"],
        [
            "# nn/a.py\ndef start():\n    return 0",
            "# nn/a.py\nSIZE = 3",
            "# nn/a.py\nclass A(B):\n"
            "    def f(self, x=start, n=SIZE):\n        return later(x)",
            "# nn/a.py\ndef later(x):\n    return x",
        ],
    )
    text = export.package(root=root)["a.py"]
    assert names(text) == ["B", "start", "A", "later"]
    assert text.index("SIZE = 3") < text.index("class A")
    exec(text, {})


def test_each_module_imports_what_it_uses_and_no_more(book):
    root = book(
        [
            "import math\nimport numpy as np\nfrom pathlib import Path",
            "# nn/a.py\ndef f():\n    return np.zeros(3)",
        ],
        [
            "import math\nfrom nn import f\nfrom nn.a import f as g",
            "# nn/b.py\ndef h():\n    return f() + math.pi + g()",
            "# nn/b.py\ndef k():\n    from json import dumps\n"
            "    return dumps(h())",
        ],
    )
    files = export.package(root=root)
    assert "import numpy as np\n" in files["a.py"]
    assert "math" not in files["a.py"]
    assert "Path" not in files["a.py"]
    assert "import math\n\nfrom .a import f, f as g\n" in files["b.py"]
    assert "\nfrom json" not in files["b.py"]


def test_a_name_of_its_own_module_is_not_imported(book):
    root = book(
        ["# nn/a.py\ndef f():\n    return 1"],
        ["from nn import f", "# nn/a.py\ndef g():\n    return f()"],
    )
    assert "import" not in module(export.package(root=root)["a.py"])


def test_docstring_all_and_hidden_names(book):
    root = book(
        [
            '# nn/a.py\n"""What a is."""\n\n\ndef _hidden():\n    pass',
            "# nn/a.py\nclass Shown:\n    pass\n\n\nLIMIT = 3",
        ]
    )
    text = export.package(root=root)["a.py"]
    assert ast.get_docstring(ast.parse(text)) == "What a is."
    assert '__all__ = [\n    "LIMIT",\n    "Shown",\n]' in text
    assert "_hidden" not in export.package(root=root)["__init__.py"]


def test_init_reexports_the_light_and_is_lazy_with_the_rest(book):
    root = book(
        [
            "import numpy as np\nimport sklearn",
            "# nn/light.py\ndef f():\n    return np.pi",
            "# nn/heavy.py\ndef g():\n    return sklearn",
        ]
    )
    (root / "nn" / "datasets").mkdir(parents=True)
    (root / "nn" / "datasets" / "__init__.py").touch()
    text = export.package(root=root)["__init__.py"]
    assert "from .light import f\n" in text
    assert "import g" not in text
    assert '_LAZY = ["datasets", "heavy"]' in text


F, G = "# nn/a.py\ndef f():\n    ", "# nn/b.py\ndef g():\n    "
A = "# nn/a.py\nclass A:\n    x = 1"
B = "# nn/a.py\nclass B(A):\n    pass"


@pytest.mark.parametrize(
    ("chapters", "parts"),
    [
        (
            [["# nn/a.py\ndef f(:\n    pass"]],
            ["01_chapter.ipynb: cell 2 (c0) does not parse", "line 2"],
        ),
        (
            [["x = 1", "# nn/a.py\nimport numpy"]],
            ["01_chapter.ipynb: cell 3 (c1)", "defines nothing"],
        ),
        (
            [["# nn/a.py\nprint(3)\n\ndef f():\n    pass"]],
            ["cell 2 (c0), line 2", "def, class, NAME ="],
        ),
        (
            [[F + "pass"], ["# nn/b.py\nf = 3"]],
            [
                "02_chapter.ipynb: cell 2 (c0) defines f in nn/b.py",
                "01_chapter.ipynb: cell 2 (c0) does so in nn/a.py",
            ],
        ),
        (
            [[F + "return g()"], [G + "pass"]],
            ["01_chapter.ipynb: cell 2 (c0): f uses g", "no chapter up to"],
        ),
        (
            [[A, B], [A]],
            ["02_chapter.ipynb", "redefines the base class A", "B too"],
        ),
        (
            [
                [F + "return 1", G + "return 1"],
                ["from nn import f, g", F + "return g()", G + "return f()"],
            ],
            ["import each other", "nn/a.py", "nn/b.py"],
        ),
        (
            [["# nn/a.py\nclass A(B):\n    pass", B]],
            ["needs itself to exist"],
        ),
    ],
)
def test_refusals_name_notebook_and_cell(book, chapters, parts):
    refuse(book(*chapters), *parts)


def test_a_chapter_that_is_listed_and_missing(book):
    root = book(["x = 1"])
    (root / "notebooks" / "01_chapter.ipynb").unlink()
    refuse(root, "_toc.yml lists notebooks/01_chapter.ipynb")


def test_magics_and_uncaptioned_cells_are_no_obstacle(book):
    root = book(
        ["%matplotlib inline", "%%bash\necho $HOME", "!ls", "x = 1"]
    )
    assert set(export.package(root=root)) == {"__init__.py"}


def test_check_and_export_and_their_exit_codes(book, capsys):
    root = book(["# nn/a.py\ndef f():\n    return 1"])
    assert export.main([], root) == 0
    assert export.main(["--check"], root) == 0
    path = root / "nn" / "a.py"
    path.write_text(path.read_text().replace("return 1", "return 2"))
    assert export.main(["--check"], root) == 1
    out = capsys.readouterr().out
    assert "nn/a.py differs" in out
    assert "-    return 2" in out
    assert "python tools/export.py" in out
    assert export.main([], root) == 0
    assert "return 1" in path.read_text()


def test_a_module_that_no_chapter_writes_any_more(book, capsys):
    root = book(["# nn/a.py\ndef f():\n    pass"])
    export.main([], root)
    stale, own = root / "nn" / "b.py", root / "nn" / "__main__.py"
    stale.write_text(export.HEADER + "\n")
    own.write_text("import nn\n")
    assert export.main(["--check"], root) == 1
    assert "nn/b.py: no chapter writes it" in capsys.readouterr().out
    export.main([], root)
    assert not stale.exists()
    assert own.exists()


def test_until_and_to_write_an_importable_package(tmp_path):
    assert export.main(["--until", "2", "--to", str(tmp_path)]) == 0
    code = "import nn; print(nn.__file__, nn.__all__); nn.datasets.__all__"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=True,
    )
    assert str(tmp_path) in done.stdout
    assert "['Dense', 'Layer']" in done.stdout
    with pytest.raises(SystemExit):
        export.main(["--until", "2", "--to", str(tmp_path)])
    with pytest.raises(SystemExit):
        export.main(["--until", "2"])


def test_diff_shows_what_a_chapter_changed(book, capsys):
    root = book(
        ["# nn/a.py\ndef f():\n    return 1"],
        ["# nn/a.py\ndef f():\n    return 2", "# nn/b.py\nX = 1"],
        ["x = 1"],
    )
    assert export.main(["--diff", "2"], root) == 0
    out = capsys.readouterr().out
    assert "-    return 1\n+    return 2" in out
    assert "--- /dev/null\n+++ b/nn/b.py" in out
    assert export.diff(3, root) == ""


def test_the_package_is_what_the_chapters_say():
    assert export.main(["--check"]) == 0


@pytest.mark.parametrize(
    "old", ["self.X.T @ dZ", "(n, n_out)", "import math"]
)
def test_any_edit_of_layers_is_noticed(tmp_path, old):
    files = export.package()
    export.export(tmp_path, files)
    assert export.stale(tmp_path, files) == []
    path = tmp_path / "layers.py"
    path.write_text(path.read_text().replace(old, old + " ", 1))
    (problem,) = export.stale(tmp_path, files)
    assert problem.startswith("nn/layers.py differs")


def test_importing_nn_loads_numpy_and_nothing_else():
    code = (
        "import sys, numpy; before = set(sys.modules)\n"
        "import nn\n"
        "new = set(sys.modules) - before\n"
        "print(*{m.split('.')[0] for m in new})"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = set(done.stdout.split())
    assert loaded <= {"nn", *sys.stdlib_module_names}
    assert not loaded & {"hashlib", "tempfile", "pathlib", "safetensors"}


def test_the_lazy_parts_of_nn_are_there():
    import nn

    assert {"datasets", "figures", "tasks"} <= set(dir(nn))
    assert nn.tasks.TASKS
    with pytest.raises(AttributeError, match="nn has no attribute 'x'"):
        nn.x  # noqa: B018
