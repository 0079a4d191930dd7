"""Plant faults in the package that is not about gradients; run the tests.

    python -m tools mutants --number 100 --seed 0

Cosmic Ray finds the places where an operator, a comparison, a number, a
condition or a loop can be changed, and changes one at a time in a copy of
the repository. A fault that passes every test is printed, and the counts
go into results/mutants.json. Faults of the backward passes and the rules
are planted by tests/test_mutations.py.
"""

import argparse
import difflib
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RECORD = ROOT / "results" / "mutants.json"
FOLDERS = "cli", "tasks", "datasets", "checkpoint"
MODULES = "nn/*.py", *(f"nn/{folder}/*.py" for folder in FOLDERS)
# the tests of the commands with what they need, and of the network
COMMANDS = (
    *(*FOLDERS, "terminal", "third_task", "files"),
    *("data_faults", "input_files", "stops"),
)
NETWORK = (
    *("activations", "gradcheck", "layers", "losses", "metrics", "model"),
    *("optimizers", "regularizers", "training", "weights", "parity"),
    *("checks", "files", "tasks", "cli"),
)
LEAST = 0.95  # the share that must be found


def all_mutants(path):
    """The changed sources of a module, by the place of the change."""
    from cosmic_ray.ast import ast_nodes, get_ast
    from cosmic_ray.mutating import mutate_code
    from cosmic_ray.plugins import get_operator, operator_names

    source = path.read_text(encoding="utf-8")
    nodes, places = [*ast_nodes(get_ast(source))], {}
    for name in operator_names():
        operator = get_operator(name)
        if operator.arguments():  # a list of variables
            continue
        operator = operator()
        found = [
            p for node in nodes for p in operator.mutation_positions(node)
        ]
        for occurrence, (start, _) in enumerate(found):
            changed = (mutate_code, source, operator, occurrence)
            places.setdefault(start, []).append(changed)
    return places


def draw(root, number, seed):
    """Yield the path, the source and the changed source of each fault."""
    rng = random.Random(seed)
    paths = sorted(p for m in MODULES for p in root.glob(m))
    mutants = {path: all_mutants(path) for path in paths}
    places = [(p, place) for p in paths for place in sorted(mutants[p])]
    rng.shuffle(places)
    for path, place in places:
        mutate, source, *change = rng.choice(mutants[path][place])
        changed = mutate(source, *change)
        try:
            same = compile(changed, "", "exec") == compile(
                source, "", "exec"
            )
        except SyntaxError:
            continue
        if not same:
            yield path, source, changed
            number -= 1
        if number == 0:
            return


def tests(path):
    """The test files for a module: its own, and the others."""
    own, names = path.stem, NETWORK
    if path.parent.name != "nn":
        own, names = path.parent.name, COMMANDS
    first = [f"tests/test_{own}.py"]
    first = [file for file in first if (ROOT / file).is_file()]
    files = [f"tests/test_{name}.py" for name in names]
    return first, [file for file in files if file not in first]


def is_found(root, path, timeout):
    """Whether a test fails, or takes too long."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-n", "0"]
    command += ["-p", "no:cacheprovider", "-m", "not full and not torture"]
    for files in filter(None, tests(path)):
        try:
            done = subprocess.run(
                [*command, *files],
                cwd=root,
                env=os.environ | {"PYTHONPATH": str(root)},
                capture_output=True,
                timeout=timeout,
            )
        except subprocess.TimeoutExpired:
            return True
        if done.returncode != 0:
            return True
    return False


def copy(folder):
    """Copy the files of the repository that git lists."""
    names = subprocess.check_output(["git", "ls-files", "-z"], cwd=ROOT)
    for name in names.decode().split("\0")[:-1]:
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, target)


def main(arguments=None):
    """Return 1 if too many faults go unnoticed, else 0."""
    parser = argparse.ArgumentParser(
        prog="python -m tools mutants", description=__doc__.split("\n")[0]
    )
    parser.add_argument("--number", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--timeout", type=float, default=600, help="seconds for one fault"
    )
    chosen = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        copy(root)
        for module in ("nn/layers.py", "nn/cli/__init__.py"):
            if is_found(root, root / module, chosen.timeout):
                sys.exit("the tests fail or take too long without a fault")
        caught = tried = 0
        for path, source, changed in draw(root, chosen.number, chosen.seed):
            path.write_text(changed, encoding="utf-8")
            found = is_found(root, path, chosen.timeout)
            path.write_text(source, encoding="utf-8")
            tried, caught = tried + 1, caught + found
            print(f"{caught} of {tried}", path.name, flush=True)
            if not found:
                lines = difflib.unified_diff(
                    source.splitlines(),
                    changed.splitlines(),
                    fromfile=str(path.relative_to(root)),
                    lineterm="",
                    n=1,
                )
                print("\n".join(lines), flush=True)
    print(f"{caught} of {tried} faults found")
    record = {"tried": tried, "found": caught, "seed": chosen.seed}
    RECORD.write_text(json.dumps(record) + "\n", encoding="utf-8")
    return int(caught < LEAST * tried)
