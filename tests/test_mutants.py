"""The faults planted by a program: each module has tests to find them."""

from tools import mutants


def test_every_module_has_tests():
    for pattern in mutants.MODULES:
        for path in mutants.ROOT.glob(pattern):
            groups = mutants.tests(path)
            files = [file for group in groups for file in group]
            assert len({*files}) == len(files) > 3
            assert all((mutants.ROOT / file).is_file() for file in files)


def test_a_modules_own_tests_come_first():
    first, others = mutants.tests(mutants.ROOT / "nn" / "losses.py")
    assert first == ["tests/test_losses.py"]
    assert "tests/test_training.py" in others
    first, others = mutants.tests(mutants.ROOT / "nn" / "estimators.py")
    assert first == ["tests/test_estimators.py"]
    first, others = mutants.tests(mutants.ROOT / "nn/tasks/_task.py")
    assert first == ["tests/test_tasks.py"]
    assert "tests/test_cli.py" in others


def test_the_copy_holds_what_git_lists(tmp_path):
    mutants.copy(tmp_path)
    assert (tmp_path / "nn" / "losses.py").read_bytes() == (
        mutants.ROOT / "nn" / "losses.py"
    ).read_bytes()
    assert not (tmp_path / ".git").exists()
