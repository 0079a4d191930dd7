"""Write the modules of the package ``nn`` from the chapters.

    python tools/export.py                    write nn/
    python tools/export.py --check            fail where nn/ differs
    python tools/export.py --until 8 --to DIR the package after chapter 8
    python tools/export.py --diff 8           what chapter 8 changed

A code cell whose first line is ``# nn/<module>.py`` belongs to that module.
One definition per name: the last one wins and keeps the first one's place,
except that what a definition needs when it is executed stands above it.
"""

import argparse
import ast
import builtins
import difflib
import json
import os
import re
import shutil
import symtable
import sys
import tempfile
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import nbformat
import yaml
from IPython.core.inputtransformer2 import TransformerManager

ROOT = Path(__file__).resolve().parents[1]
CAPTION = re.compile(r"# nn/(\w+)\.py\s*\n")
HEADER = (
    "# Written by tools/export.py from notebooks/: change the chapters."
)
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
INIT = '''\
{header}
"""Neural networks from scratch with NumPy: the package the book writes.

Every name of the modules is here; the folders are loaded when used.
"""

{imports}__all__ = [
{names}]

_LAZY = {lazy}


def __getattr__(name):
    if name in _LAZY:
        import importlib

        return importlib.import_module(f"{{__name__}}.{{name}}")
    raise AttributeError(f"nn has no attribute {{name!r}}")


def __dir__():
    return sorted([*globals(), *_LAZY])
'''


class ExportError(Exception):
    """What is wrong in a chapter, where, and what to do."""


@dataclass
class Definition:
    """One ``def``, ``class`` or ``NAME = ...`` of a captioned cell."""

    name: str
    module: str
    node: ast.stmt
    source: str
    chapter: int
    title: str
    where: str
    known: dict = field(repr=False)  # what its notebook imports, by name

    @property
    def bases(self):
        nodes = getattr(self.node, "bases", [])
        return {node.id for node in nodes if isinstance(node, ast.Name)}


# --- reading the chapters


def number(path):
    """The chapter's number: the digits that its file name begins with."""
    return int(path.name[:2])


def chapters(root=ROOT):
    """The notebooks of the chapters, in the order of ``_toc.yml``."""
    toc = yaml.safe_load((root / "_toc.yml").read_text(encoding="utf-8"))
    files = [c["file"] for part in toc["parts"] for c in part["chapters"]]
    names = [f for f in files if re.match(r"notebooks/\d\d_", f)]
    paths = [root / f"{name}.ipynb" for name in names]
    for path in paths:
        if not path.is_file():
            raise ExportError(
                f"_toc.yml lists {path.relative_to(root)}, which does not "
                "exist: write it, or take it off the list"
            )
    return paths


def parse(source, where):
    """The syntax tree of a cell, with IPython's magics translated."""
    try:
        return ast.parse(TransformerManager().transform_cell(source))
    except SyntaxError as error:
        raise ExportError(
            f"{where} does not parse: {error.msg} in line {error.lineno}"
        ) from error


def imported(node):
    """The names that an import binds: name -> (module, member or None)."""
    if isinstance(node, ast.Import):
        return {
            a.asname or a.name.split(".")[0]: (a.name, None, a.asname)
            for a in node.names
        }
    return {
        a.asname or a.name: (node.module, a.name, a.asname)
        for a in node.names
    }


def read(path):
    """Definitions and module docstrings of one chapter's notebook."""
    notebook = nbformat.read(path, as_version=4)
    heads = (re.match(r"# (.+)", cell.source) for cell in notebook.cells)
    title = next((head[1] for head in heads if head), path.stem)
    known, definitions, docstrings = {}, [], {}
    for i, cell in enumerate(notebook.cells, 1):
        if cell.cell_type != "code" or cell.source.startswith("%%"):
            continue
        where = f"{path.name}: cell {i} ({cell.id})"
        tree = parse(cell.source, where)
        for node in tree.body:
            if isinstance(node, ast.Import | ast.ImportFrom):
                known |= imported(node)
        caption = CAPTION.match(cell.source + "\n")
        if not caption:
            continue
        lines, done, found = cell.source.splitlines(), 1, []
        for node in tree.body:
            top = "\n".join(lines[done : node.end_lineno]).strip("\n")
            done = node.end_lineno
            if isinstance(node, ast.Import | ast.ImportFrom):
                continue
            text = getattr(getattr(node, "value", None), "value", None)
            if node is tree.body[0] and isinstance(text, str):
                docstrings[caption[1]] = top
                continue
            name = defined(node)
            if name is None:
                raise ExportError(
                    f"{where}, line {node.lineno}: a captioned cell holds "
                    "def, class, NAME = ... and a first docstring, no more"
                )
            found.append(
                Definition(
                    name,
                    caption[1],
                    node,
                    top,
                    number(path),
                    title,
                    where,
                    known,
                )
            )
        if not found and caption[1] not in docstrings:
            raise ExportError(
                f"{where} has the caption of nn/{caption[1]}.py and "
                "defines nothing: write a definition or drop the caption"
            )
        if found and lines[done:]:
            found[-1].source += "\n" + "\n".join(lines[done:]).rstrip()
        definitions += found
    return definitions, docstrings


def defined(node):
    """The name that a statement defines, None if it is no definition."""
    if isinstance(node, (*FUNCTIONS, ast.ClassDef)):
        return node.name
    targets = getattr(node, "targets", [getattr(node, "target", None)])
    if isinstance(node, ast.Assign | ast.AnnAssign) and len(targets) == 1:
        return getattr(targets[0], "id", None)
    return None


# --- names


def free_names(source):
    """Global names that ``source`` refers to, its own left out."""

    def walk(table):
        for symbol in table.get_symbols():
            outer = table.get_type() == "module" and not (
                symbol.is_assigned() or symbol.is_imported()
            )
            if symbol.is_referenced() and (symbol.is_global() or outer):
                yield symbol.get_name()
        for child in table.get_children():
            yield from walk(child)

    table = symtable.symtable(source, "cell", "exec")
    own = {s.get_name() for s in table.get_symbols() if s.is_assigned()}
    return set(walk(table)) - own - set(dir(builtins))


def eager_names(node):
    """Names that must exist when the definition itself is executed."""
    if isinstance(node, ast.Name):
        yield node.id
    below = ast.iter_child_nodes(node)
    if isinstance(node, (*FUNCTIONS, ast.Lambda)):
        below = [*getattr(node, "decorator_list", []), node.args]
        below += [node.returns] if getattr(node, "returns", None) else []
    for child in below:
        yield from eager_names(child)


def collect(until, root):
    """All definitions up to a chapter by name, and the docstrings."""
    found, first, docstrings = {}, {}, {}
    for path in chapters(root):
        if until is not None and number(path) > until:
            continue
        new, texts = read(path)
        docstrings |= texts
        names = {d.name for d in new}
        for d in new:
            old = found.get(d.name)
            if old and old.module != d.module:
                raise ExportError(
                    f"{d.where} defines {d.name} in nn/{d.module}.py, but "
                    f"{old.where} does so in nn/{old.module}.py: rename one"
                )
            left = {
                s.name
                for s in found.values()
                if old and d.name in s.bases and s.name not in names
            }
            if left:
                raise ExportError(
                    f"{d.where} redefines the base class {d.name}, so this "
                    f"chapter must redefine {', '.join(sorted(left))} too"
                )
            first.setdefault(d.name, d.chapter)
        found |= {d.name: d for d in new}  # a known name keeps its place
    return found, first, docstrings


def resolve(name, d, found, first):
    """(module, member, alias) to import for ``name`` in d; None: none."""
    module, member, alias = d.known.get(name, ("nn", name, None))
    if module.split(".")[0] != "nn":
        own = found.get(name)
        return (
            None
            if own and own.module == d.module
            else (module, member, alias)
        )
    source = found.get(member)
    if source is None or first[member] > d.chapter:
        raise ExportError(
            f"{d.where}: {d.name} uses {name}, which no chapter up to this "
            "one defines and this notebook does not import from a library"
        )
    if source.module == d.module and alias is None:
        return None
    return (f".{source.module}", member, alias)


# --- writing modules


def by_kind(name):
    """Sort key as in isort: CONSTANTS, Classes, the rest."""
    kind = 0 if name.isupper() and len(name) > 1 else 1
    return (kind if name[:1].isupper() else 2, name)


def render_imports(wanted):
    """Import statements for {(module, member, alias)}, in isort's order."""
    sections = {0: [], 1: [], 2: []}
    modules = sorted({w[0] for w in wanted}, key=str.lower)
    for plain in (True, False):
        for module in modules:
            top = module.split(".")[0]
            std = top in sys.stdlib_module_names
            section = sections[2 if not top else 0 if std else 1]
            members = [w for w in wanted if w[0] == module]
            names = {m for _, m, _ in members}
            if plain and None in names:
                for _, _, alias in (w for w in members if w[1] is None):
                    tail = f" as {alias}" if alias else ""
                    section.append(f"import {module}{tail}")
            elif not plain and names - {None}:
                chosen = sorted(
                    (w for w in members if w[1]),
                    key=lambda w: (by_kind(w[1]), w[2] or ""),
                )
                items = [
                    m + (f" as {a}" if a else "") for _, m, a in chosen
                ]
                section.append(wrap(f"from {module} import ", items))
    blocks = ["\n".join(lines) for lines in sections.values() if lines]
    return "\n\n".join(blocks) + "\n\n" if blocks else ""


def wrap(start, items):
    """``start`` and the items on one line of 76 columns, or one each."""
    line = start + ", ".join(items)
    if len(line) <= 76:
        return line
    return start + "(\n" + "".join(f"    {i},\n" for i in items) + ")"


def ordered(definitions):
    """The definitions, each after what it needs when it is executed."""
    names, done, result = {d.name: d for d in definitions}, set(), []

    def place(d, waiting):
        if d.name in waiting:
            raise ExportError(f"{d.where}: {d.name} needs itself to exist")
        if d.name not in done:
            needed = set(eager_names(d.node)) - {d.name}
            for name in (n for n in names if n in needed):
                place(names[name], {*waiting, d.name})
            done.add(d.name)
            result.append(d)

    for d in definitions:
        place(d, set())
    return result


def package(until=None, root=ROOT):
    """File name -> text of every generated module after a chapter."""
    found, first, docstrings = collect(until, root)
    files, wanted = {}, {}
    for module in sorted({d.module for d in found.values()}):
        mine = [d for d in found.values() if d.module == module]
        needs = {
            resolve(name, d, found, first)
            for d in mine
            for name in free_names(d.source)
        } - {None}
        wanted[module] = needs
        public = sorted(
            (d.name for d in mine if d.name[0] != "_"), key=by_kind
        )
        parts = [HEADER]
        if module in docstrings:
            parts.append(docstrings[module] + "\n")
        parts.append(render_imports(needs) + listing(public))
        for d in ordered(mine):
            parts.append(
                f"\n\n# chapter {d.chapter}: {d.title}\n{d.source}"
            )
        files[f"{module}.py"] = "\n".join(parts) + "\n"
    check_cycles(wanted)
    files["__init__.py"] = render_init(found, wanted, root)
    return files


def listing(names):
    """The statement ``__all__ = [...]``, one name on each line."""
    return "__all__ = [\n" + "".join(f'    "{n}",\n' for n in names) + "]"


def check_cycles(wanted):
    """Refuse modules that import each other in a circle."""
    graph = {
        module: {w[0][1:] for w in needs if w[0].startswith(".")}
        for module, needs in wanted.items()
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        circle = " -> ".join(f"nn/{m}.py" for m in error.args[1])
        raise ExportError(
            f"modules import each other: {circle}; move a definition"
        ) from error


def render_init(found, wanted, root):
    """``nn/__init__.py``: light modules re-exported, the rest lazy."""
    standard = {*sys.stdlib_module_names, "numpy", ""}
    light = {
        module
        for module, needs in wanted.items()
        if {w[0].split(".")[0] for w in needs} <= standard
    }
    public = [
        d for d in found.values() if d.module in light and d.name[0] != "_"
    ]
    folders = {p.parent.name for p in (root / "nn").glob("*/__init__.py")}
    names = sorted((d.name for d in public), key=by_kind)
    return INIT.format(
        header=HEADER,
        imports=render_imports(
            {(f".{d.module}", d.name, None) for d in public}
        ),
        names="".join(f'    "{name}",\n' for name in names),
        lazy=json.dumps(sorted(folders | (wanted.keys() - light))),
    )


def diff(n, root=ROOT):
    """What chapter n changed in the modules, as one unified diff."""
    before, after = package(n - 1, root), package(n, root)
    lines = []
    for name in sorted(after.keys() - {"__init__.py"}):
        old, new = before.get(name, ""), after[name]
        lines += difflib.unified_diff(
            old.splitlines(),
            new.splitlines(),
            f"a/nn/{name}" if old else "/dev/null",
            f"b/nn/{name}",
            lineterm="",
        )
    return "\n".join(lines)


# --- files


def write(path, text):
    """Write ``text`` beside ``path`` and move it there when complete."""
    handle, part = tempfile.mkstemp(dir=path.parent, suffix=".part")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(part, 0o644)
    os.replace(part, path)


def stale(folder, files):
    """Where ``folder`` differs from the generated ``files``: a list."""
    problems = []
    for path in sorted(folder.glob("*.py")):
        text = path.read_text(encoding="utf-8")
        if path.name not in files and text.startswith(HEADER):
            problems.append(f"nn/{path.name}: no chapter writes it")
    for name, text in files.items():
        path = folder / name
        old = path.read_text(encoding="utf-8") if path.is_file() else ""
        if old != text:
            change = difflib.unified_diff(
                old.splitlines(),
                text.splitlines(),
                "nn/",
                "chapters",
                lineterm="",
                n=1,
            )
            shown = [f"    {line}" for line in list(change)[2:22]]
            problems.append("\n".join([f"nn/{name} differs:", *shown]))
    return problems


def export(folder, files):
    """Bring ``folder`` to ``files``; other files of our own go away."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        path = folder / name
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            write(path, text)
    for path in folder.glob("*.py"):
        text = path.read_text(encoding="utf-8")
        if path.name not in files and text.startswith(HEADER):
            path.unlink()


def copy_hand_written(root, folder):
    """The parts of nn/ that no chapter writes, copied to ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in sorted((root / "nn").iterdir()):
        if path.is_dir() and path.name != "__pycache__":
            skip = shutil.ignore_patterns("__pycache__")
            shutil.copytree(path, folder / path.name, ignore=skip)
        elif path.name in ("__main__.py", "py.typed"):
            shutil.copy2(path, folder / path.name)


def main(arguments=None, root=ROOT):
    """Run the command line; return the exit code."""
    parser = argparse.ArgumentParser(
        description="Write nn/ from the chapters in notebooks/."
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--check", action="store_true", help="exit 1 where nn/ differs"
    )
    what.add_argument(
        "--until",
        type=int,
        metavar="N",
        help="with --to: the package as it stands after chapter N",
    )
    what.add_argument(
        "--diff", type=int, metavar="N", help="print what chapter N changed"
    )
    parser.add_argument(
        "--to", type=Path, metavar="DIR", help="with --until: write DIR/nn"
    )
    options = parser.parse_args(arguments)
    if (options.until is None) != (options.to is None):
        parser.error("--until and --to go together")
    try:
        if options.diff is not None:
            print(diff(options.diff, root))
        elif options.to:
            if (options.to / "nn").exists():
                parser.error(
                    f"{options.to / 'nn'} exists: name a new folder"
                )
            copy_hand_written(root, options.to / "nn")
            export(options.to / "nn", package(options.until, root))
        elif options.check:
            problems = stale(root / "nn", package(root=root))
            if problems:
                print(*problems, sep="\n")
                print(
                    "nn/ is not what the chapters say. Change the notebook,"
                )
                print("then run: python tools/export.py")
                return 1
        else:
            export(root / "nn", package(root=root))
    except ExportError as error:
        print(f"export: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
