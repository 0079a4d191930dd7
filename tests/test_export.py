"""The exporter: one definition per name, whole, in order, or a refusal."""

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from tools import export

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
    ours = "import math\n\nfrom .a import f\nfrom .a import f as g\n"
    assert ours in files["b.py"]
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


def test_temporary_files_may_lie_where_files_are_ignored(
    tmp_path, monkeypatch
):
    (tmp_path / "build").mkdir()
    (tmp_path / ".ignore").write_text("*\n")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "build"))
    unsorted = {"a.py": "import os\nimport math\n\nprint(os, math)\n"}
    assert export.tidy(unsorted)["a.py"].startswith(
        "import math\nimport os"
    )


def test_init_names_what_is_light_and_imports_nothing(book):
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
    assert '_LIGHT = [\n    "light",\n]' in text
    assert '_OTHERS = [\n    "datasets",\n    "heavy",\n]' in text
    assert "from . import heavy as heavy\n" in text
    loaded = [
        node
        for node in ast.parse(text).body
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    assert [ast.unparse(node) for node in loaded] == ["import importlib"]


def test_a_module_says_which_extra_it_needs(book):
    root = book(
        [
            "import numpy as np\nfrom sklearn import svm\nimport sklearn.x",
            "# nn/heavy.py\ndef g():\n    return svm, np, sklearn.x",
        ]
    )
    text = export.package(root=root)["heavy.py"]
    (guard,) = [n for n in ast.parse(text).body if isinstance(n, ast.Try)]
    assert [ast.unparse(node) for node in guard.body] == [
        "import sklearn.x",
        "from sklearn import svm",
    ]
    assert "nn.heavy needs scikit-learn 1.6 or newer" in text
    assert 'pip install -e ".[sklearn]"' in text
    assert "import numpy as np" in text.partition("try:")[0]


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
                "chapter 1 does so in nn/a.py",
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
            ["needs itself"],
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
    assert "python -m tools export" in out
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


@pytest.mark.parametrize("old", ["X.T @ dZ", "(n, n_out)", "import math"])
def test_any_edit_of_layers_is_noticed(clone, old, capsys):
    path = clone / "nn" / "layers.py"
    path.write_text(path.read_text().replace(old, old + " ", 1))
    assert export.main(["--check"], clone) == 1
    assert "nn/layers.py differs" in capsys.readouterr().out


# What a later chapter adds


CLASS = """# nn/a.py
class A:
    \"\"\"First.\"\"\"

    def f(self):
        return 1

    # what g is for
    @staticmethod
    def g():
        return 2"""


def later(*lines, head="class A(A):"):
    return "\n".join(["# nn/a.py", head, *(f"    {x}" for x in lines)])


def test_a_later_chapter_adds_and_replaces_members(book):
    root = book(
        [CLASS],
        [
            "from nn import A\nfrom functools import cache",
            later(
                '"""Second."""',
                "",
                "LIMIT = 3",
                "",
                "# again",
                "@classmethod",
                "def f(cls):",
                "    return cache(cls.g)",
                "",
                "def h(self):  # new",
                "    return self.f()",
            ),
        ],
    )
    text = export.package(root=root)["a.py"]
    assert text.endswith(
        """from functools import cache

__all__ = [
    "A",
]


# chapters 1, 2
class A:
    \"\"\"Second.\"\"\"

    # chapter 2
    LIMIT = 3

    # chapter 2
    # again
    @classmethod
    def f(cls):
        return cache(cls.g)

    # what g is for
    @staticmethod
    def g():
        return 2

    # chapter 2
    def h(self):  # new
        return self.f()
"""
    )
    assert export.package(1, root)["a.py"].endswith(CLASS[10:] + "\n")


def test_a_base_class_grows_in_place(book):
    root = book(
        [CLASS, "# nn/a.py\nclass B(A):\n    pass"],
        [
            "import math\nfrom nn import A, B",
            "# nn/a.py\ndef h(self):\n    return math.pi\n\n\n"
            "A.h = h\nA.kept = None",
        ],
    )
    text = export.package(root=root)["a.py"]
    assert "    # chapter 2\n    kept = None\n\n    def f" in text
    assert (
        "    # chapter 2\n    def h(self):\n        return math.pi" in text
    )
    assert "import math" in text
    assert names(text) == ["A", "B"]
    space = {}
    exec(text, space)
    assert space["B"]().h() > 3


def test_a_class_gets_another_base_in_front(book):
    root = book(
        ["# nn/a.py\nclass O:\n    pass\n\n\nclass A(O):\n    x = 1"],
        [
            "from nn import A, O",
            "# nn/a.py\nclass J(O):\n    y = 2",
            "# nn/a.py\nclass A(J, A): ...",
        ],
    )
    text = export.package(root=root)["a.py"]
    assert names(text) == ["O", "J", "A"]
    assert "# chapters 1, 2\nclass A(J):\n    x = 1\n" in text


PROPERTY = (
    "@property",
    "def p(self):",
    "    return 1",
    "",
    "@p.setter",
    "def p(self, value):",
    "    self.v = value",
)


def test_a_property_and_its_setter_are_one_member(book):
    old = "# nn/a.py\nclass A:\n    p = 0\n\n    def q(self):\n        pass"
    root = book([old], ["from nn import A", later(*PROPERTY)])
    text = export.package(root=root)["a.py"]
    assert "p = 0" not in text
    space = {}
    exec(text, space)
    a = space["A"]()
    a.p = 7
    assert (a.p, a.v) == (1, 7)


SUPER = ("def f(self):", "    return super().f()")
INIT = "# nn/a.py\nclass A:\n    def __init__(self):\n        self.x = 1"
NEW = ("def __init__(self):", "    self.x, self.y = 1, 2")
GROW = "# nn/a.py\ndef h(self):\n    return {}\n\n\nA.h = h"


@pytest.mark.parametrize(
    ("cells", "part"),
    [
        ([CLASS, later(*SUPER)], "super()"),
        ([CLASS, GROW.format("super().f()")], "super()"),
        ([CLASS, GROW.format('"""x\n    y""" + \'\'')], "several lines"),
        (
            [CLASS, "# nn/a.py\ndef k(self):\n    pass\n\n\nA.h = h"],
            "the function h, in",
        ),
        ([later("x = 1")], "no chapter up to"),
        (["# nn/a.py\ndef A():\n    pass", later("x = 1")], "no chapter"),
        ([CLASS, B, later("x = 1")], "B inherit from A"),
        ([CLASS, later("print(1)")], "methods, attributes"),
        ([CLASS, later("x = 1", head="class A(A, int):")], "class whole"),
        (
            [CLASS, "# nn/a.py\n@final\n" + later("x = 1")[10:]],
            "class whole",
        ),
        ([CLASS, later("x = 1", head="class A(B, A):")], "class whole"),
        ([INIT, later(*NEW)], "attribute y of A needs a default"),
    ],
)
def test_refusals_of_what_cannot_be_merged(book, cells, part):
    refuse(book(cells), part)


def test_a_new_attribute_with_a_default_is_welcome(book):
    root = book([INIT, later("y = None", "", *NEW)])
    assert "y = None" in export.package(root=root)["a.py"]


# Kinds of fault from other projects


@pytest.mark.parametrize(
    "first",
    [
        "#nn/a.py",
        "#  nn/a.py",
        "# nn/a.py (continued)",
        "# nn/a.py:",
        "# NN/a.py",
        "# nn/sub/a.py",
        "\n# nn/a.py",
        "%%time\n# nn/a.py",
        "# nn/a",
    ],
)
def test_a_near_miss_of_a_caption_is_refused(book, first):
    refuse(book([f"{first}\ndef f():\n    pass"]), "nearly has a caption")


@pytest.mark.parametrize(
    "cell",
    [
        "# nn/a.py\nfrom __future__ import annotations\nx = 1",
        "# nn/a.py\ndef f():\n    %timeit x",
        "# nn/a.py\nFILES = !ls",
        "# nn/a.py\nA = 1; B = 2",
        "# nn/a.py\nimport math; X = math.pi",
        "# nn/a.py\nLIMIT: int",
        "# nn/a.py\ndef f():\n    pass\n\n\ndef f():\n    pass",
        "# nn/__main__.py\nx = 1",
        "# nn/__init__.py\nx = 1",
        "# nn/lambda.py\nx = 1",
        "# nn/datasets.py\nx = 1",
        "# nn/cli.py\nx = 1",
    ],
)
def test_what_would_arrive_otherwise_than_written_is_refused(book, cell):
    root = book([cell])
    (root / "nn" / "datasets").mkdir(parents=True)
    (root / "nn" / "datasets" / "__init__.py").touch()
    (root / "nn" / "cli.py").write_text('"""By hand."""\n')
    refuse(root, "01_chapter.ipynb: cell 2 (c0)")


@pytest.mark.parametrize(
    ("cells", "expression", "value"),
    [
        (
            [
                "from math import prod as sum",
                "# nn/a.py\ndef f():\n    return sum([2, 3])",
            ],
            "f()",
            6,
        ),
        (
            ["# nn/a.py\nTITLE = 'x'\n\n\ndef f():\n    return TITLE"],
            "f()",
            "x",
        ),
        (["# nn/a.py\nA = 'x'", "# nn/a.py\nB = 'y'"], "A + B", "xy"),
        (
            [
                "import xml.dom.minidom\nimport xml.etree.ElementTree",
                "# nn/a.py\ndef f():\n    return xml.dom, xml.etree",
            ],
            "len(f())",
            2,
        ),
        (["# nn/a.py\ndef top(scores):\n    return scores"], "top(3)", 3),
        (["# nn/a.py\nX = 'a\u2028b\x0cc'"], "len(X)", 5),
        (["# nn/a.py\r\ndef f():\r\n    return 1"], "f()", 1),
        (
            [
                "%%time\nimport math",
                "# nn/a.py\ndef f():\n    return math.e",
            ],
            "f() > 2",
            True,
        ),
    ],
)
def test_names_and_lines_arrive_as_written(book, cells, expression, value):
    text = export.package(root=book(cells))["a.py"]
    space = {"__package__": ""}
    exec(text, space)
    assert eval(expression, space) == value


def test_a_builtin_that_the_notebook_hides_by_hand_is_refused(book):
    cells = [
        "def sum(x):\n    return 0",
        "# nn/a.py\ndef f():\n    sum([])",
    ]
    refuse(book(cells), "f uses sum")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("import time", "from time import time"),
        ("import numpy as np", "import math as np"),
        ("x = 1", "from math import prod as sum"),
    ],
)
def test_one_module_cannot_have_two_things_of_one_name(book, one, other):
    name = other.split()[-1]
    root = book(
        [one, f"# nn/a.py\ndef f():\n    return {name}"],
        [other, f"# nn/a.py\ndef g():\n    return {name}"],
    )
    refuse(root, "nn/a.py", f"two things called {name}")


def test_a_package_that_does_not_import_replaces_nothing(book, capsys):
    root = book(["# nn/a.py\nX = 1"])
    assert export.main([], root) == 0
    book(["# nn/a.py\nX = 1 // 0"])
    assert export.main([], root) == 1
    assert "ZeroDivisionError" in capsys.readouterr().err
    assert "X = 1\n" in (root / "nn" / "a.py").read_text()
    assert not list((root / "nn").glob("*.part"))


# The book itself, as a contributor meets it


@pytest.fixture
def clone(tmp_path):
    """A copy of what the exporter reads and writes."""
    for name in ("notebooks", "nn", "book"):
        skip = shutil.ignore_patterns(
            "__pycache__", "*.safetensors", "*.gz"
        )
        shutil.copytree(ROOT / name, tmp_path / name, ignore=skip)
    shutil.copy(ROOT / "_toc.yml", tmp_path)
    return tmp_path


def edit(root, chapter, old, new):
    """Change a line of a chapter, as in an editor."""
    (path,) = root.glob(f"notebooks/{chapter:02d}_*.ipynb")
    nb = nbformat.read(path, as_version=4)
    (cell,) = [
        c
        for c in nb.cells
        if c.source.startswith("# nn/") and old in c.source
    ]
    cell.source = cell.source.replace(old, new)
    nbformat.write(nb, path)


def test_a_line_changed_in_chapter_8_is_found_in_the_package(clone):
    new = "np.ones(len(dZ), dZ.dtype) @ dZ"
    edit(clone, 8, "dZ.sum(axis=0)", new)
    assert export.main([], clone) == 0
    layers = (clone / "nn" / "layers.py").read_text()
    assert f"self.db = {new}  # (8.5)" in layers


def test_a_change_that_cannot_arrive_is_said_in_one_line(clone, capsys):
    before = (clone / "nn" / "layers.py").read_text()
    edit(clone, 8, '"b": self.db}', '"b": 1 * self.db}')
    assert export.main([], clone) == 0
    assert (clone / "nn" / "layers.py").read_text() == before
    lines = capsys.readouterr().out.splitlines()
    (line,) = [x for x in lines if "Dense.gradients" in x]
    assert "Dense.gradients is chapter 13's (not 8's)" in line


def test_where_a_method_comes_from(capsys):
    assert export.main(["--where", "Dense.backward"]) == 0
    now, cell = capsys.readouterr().out.splitlines()
    assert "nn/layers.py" in now
    assert "08_where_the_transpose_comes_from.ipynb: cell" in cell
    assert export.main(["--where", "Dense"]) == 0
    shown = capsys.readouterr().out
    assert all(f"{n:02d}_" in shown for n in (2, 8, 11, 13))
    assert export.main(["--where", "Dense.nothing"]) == 1
    assert "Dense.nothing" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("use", "libraries"), [("", set()), ("nn.fit", {"numpy"})]
)
def test_importing_nn_loads_nothing_and_its_names_numpy(use, libraries):
    code = (
        "import sys; before = set(sys.modules)\n"
        f"import nn; {use}\n"
        "new = set(sys.modules) - before\n"
        "print(*{name.partition('.')[0] for name in new})"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = {
        name  # without what Cython adds to NumPy's modules
        for name in done.stdout.split()
        if not name.startswith(("cython_", "_cython_"))
    }
    assert libraries <= loaded
    assert loaded <= {"nn", *libraries, *sys.stdlib_module_names}


def test_the_lazy_parts_of_nn_are_there():
    import nn

    assert {"datasets", "figures", "tasks"} <= set(dir(nn))
    assert nn.tasks.TASKS
    with pytest.raises(AttributeError, match="nn has no attribute 'x'"):
        nn.x  # noqa: B018
