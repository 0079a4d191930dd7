"""The page of what was tried is what the runs have written."""

import json

from measure import tried


def test_the_page_is_what_the_runs_have_written():
    assert tried.PAGE.read_text("utf-8") == tried.page()


def test_every_row_names_a_test_that_is_there():
    for name in tried.stored("tried.json"):
        file, _, function = name.partition("::")
        code = (tried.ROOT / file).read_text("utf-8")
        assert f"\ndef {function}(" in code, name


def test_rows_of_every_kind(tmp_path, monkeypatch):
    monkeypatch.setattr(tried, "RESULTS", tmp_path)
    assert [*tried.rows()] == []
    runs = {"usual": {"tried": 3, "outcome": "passed"}}
    runs["long"] = {"tried": 9, "outcome": "failed"}
    files = {
        "tried.json": {"tests/a.py::b": {"what": "Cases", **runs}},
        "matrix.json": {"x": {"what": "NumPy 2", "tried": 5, "failed": 1}},
        "mutants.json": {"tried": 100, "found": 97, "seed": 0},
    }
    for name, content in files.items():
        (tmp_path / name).write_text(json.dumps(content))
    cases, matrix, mutants = tried.rows()
    assert cases == ("Cases", 3, 9, 1, "tests/a.py::b")
    assert matrix == ("Tests with NumPy 2", 0, 5, 1, "make matrix")
    assert mutants[1:] == (0, 100, 3, "make mutants")
    assert "| **all** | **3** | **114** | | |" in tried.page()
