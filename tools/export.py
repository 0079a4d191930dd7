"""Write the modules of the package ``nn`` from the chapters.

    python -m tools export                      write nn/
    python -m tools export --check              fail where nn/ differs
    python -m tools export --until 8 --to DIR   the package after chapter 8
    python -m tools export --diff 8             what chapter 8 changed
    python -m tools export --where Dense.forward  which cell it comes from

A code cell whose first line is ``# nn/<module>.py`` belongs to that module.
A later chapter says only what it adds: ``class Dense(Dense):`` holds new or
changed methods, which are merged into the class, and ``Layer.f = f`` makes
the function f of the same cell a method of a class that others inherit
from. A function, or a class written whole, replaces the one before it and
keeps its place; what a definition needs to exist is moved above it.
"""

import argparse
import ast
import builtins
import difflib
import json
import keyword
import re
import shutil
import subprocess
import symtable
import sys
import tempfile
from dataclasses import dataclass, field
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import yaml
from IPython.core.inputtransformer2 import TransformerManager

from . import cells

ROOT = Path(__file__).resolve().parents[1]
NEARLY = re.compile(r"\s*(?:%%.*\n\s*)?#+\s*nn/", re.IGNORECASE)
HEADER = (
    "# Written by tools/export.py from notebooks/: change the chapters."
)
API = re.compile(r"(?m)^(<!-- chapters: (\w+) -->\n).*$")
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
ASSIGNMENTS = (ast.Assign, ast.AnnAssign)
HEAD = ""  # the part of a class that is its first line
DOC = "__doc__"  # and its docstring
INIT = '''\
{header}
"""Neural networks from scratch with NumPy: the package the book writes.

Every name of the modules is here; the folders are loaded when used.
"""

{imports}
__all__ = [
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


class ExportError(ValueError):
    """What is wrong in a chapter, where, and what to do."""


@dataclass
class Part:
    """A definition, or one member of a class, as a cell says it."""

    name: str
    source: str
    chapter: int
    where: str
    notebook: "Notebook" = field(repr=False)


@dataclass
class Definition:
    """One ``def``, ``class`` or ``NAME = ...`` of the package.

    ``parts`` are the members of a class by name, and its HEAD; all else
    is one part called HEAD. ``replaced`` are the parts that a later
    chapter has replaced.
    """

    name: str
    module: str
    parts: dict
    home: int  # the chapter that has it whole
    text: str | None  # as that chapter has it; None once it is merged
    replaced: list = field(default_factory=list)

    @property
    def chapters(self):
        """The numbers of all chapters that define it or change it."""
        every = [*self.parts.values(), *self.replaced]
        return sorted({part.chapter for part in every})

    @property
    def source(self):
        """Its text; members from later chapters name their chapter."""
        if self.text is not None:
            return self.text
        head, *members = self.parts.values()
        text, before = [head.source], None
        for part in sorted(members, key=kind):  # stable
            if before is not None and not before == kind(part) == 1:
                text.append("")
            before = kind(part)
            if part.chapter != self.home and part.name != DOC:
                text.append(f"    # chapter {part.chapter}")
            text.append(part.source)
        return "\n".join(text)

    @property
    def node(self):
        """Its syntax tree."""
        return ast.parse(self.source).body[0]


@dataclass
class Statement:
    """One statement of a captioned cell, with the comments above it.

    ``adds`` is (class, member) where it becomes a member of a class.
    """

    module: str
    node: ast.stmt
    source: str
    where: str
    adds: tuple | None = None

    @property
    def name(self):
        """The name in the package that it defines or adds to."""
        return self.adds[0] if self.adds else defined(self.node)


@dataclass
class Notebook:
    """A chapter as the exporter sees it."""

    number: int
    title: str
    imports: dict  # bound name -> {(module, member or None, alias)}
    bound: set  # names that cells without a caption bind
    docstrings: dict
    statements: list


def kind(part):
    """A member's place in its class: 0 docstring, 1 attribute, 2 method."""
    if part.name == DOC:
        return 0
    node = ast.parse(f"class _:\n{part.source}").body[0].body[0]
    return 1 if isinstance(node, ASSIGNMENTS) else 2


# --- reading the chapters


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
                "exist: write it, or remove it from the list"
            )
    return paths


def parse(source, where, exported):
    """The syntax tree of a cell; IPython's magics only in plain cells."""
    plain = TransformerManager().transform_cell(source)
    if exported and plain.split() != source.split():
        raise ExportError(
            f"{where}: a captioned cell must be plain Python, but it holds "
            "IPython's % or !: move that to a cell without a caption"
        )
    try:
        return ast.parse(plain)
    except SyntaxError as error:
        raise ExportError(
            f"{where} does not parse: {error.msg} in line {error.lineno}"
        ) from error


def read(path):
    """A chapter's notebook, as the exporter sees it."""
    return _read(path, cells.stamp(path))


@cache
def _read(path, stamp):
    nb = cells.read(path)
    heads = (re.match(r"# (.+)", cell.source) for cell in nb.cells)
    title = next((head[1] for head in heads if head), path.stem)
    notebook = Notebook(cells.chapter(path), title, {}, set(), {}, [])
    for i, cell in enumerate(nb.cells, 1):
        if cell.cell_type != "code":
            continue
        where = f"{path.name}: cell {i} ({cell.id})"
        source = cell.source.replace("\r\n", "\n")
        caption = cells.CAPTION.match(source)
        if not caption and NEARLY.match(source):
            raise ExportError(
                f"{where} nearly has a caption: the first line of a cell "
                "for the package must be `# nn/<module>.py`, nothing else"
            )
        if source.startswith("%%"):  # what a magic runs may be Python
            source = source.partition("\n")[2]
            try:
                tree = ast.parse(source)
            except SyntaxError:
                continue
        else:
            tree = parse(source, where, bool(caption))
        for node in tree.body:
            if isinstance(node, ast.Import | ast.ImportFrom):
                add_imports(notebook, node, where)
        if caption:
            check_module(caption[1], path, where)
            add_statements(notebook, caption[1], tree, source, where)
        else:
            table = symtable.symtable(ast.unparse(tree), "cell", "exec")
            notebook.bound |= {
                s.get_name() for s in table.get_symbols() if s.is_assigned()
            }
    return notebook


def add_imports(notebook, node, where):
    """Note what an import binds: name -> {(module, member, alias)}."""
    module = getattr(node, "module", None)
    if module == "__future__":
        raise ExportError(
            f"{where}: a __future__ import does not reach the package; "
            "write the code without it"
        )
    for a in node.names:
        name = a.asname or a.name
        if isinstance(node, ast.Import):
            name = name if a.asname else name.split(".")[0]
            new = (a.name, None, a.asname)
        else:
            new = ("." * node.level + (module or ""), a.name, a.asname)
        old = notebook.imports.get(name, set())
        same = {w for w in old if w[1] is None and not (new[1] or new[2])}
        notebook.imports[name] = {*same, new}


def check_module(name, path, where):
    """Refuse a caption that names something written by hand."""
    folder = path.parents[1] / "nn"
    file = folder / f"{name}.py"
    if (
        keyword.iskeyword(name)
        or name.startswith("__")
        or (file.is_file() and not generated(file))
        or (folder / name / "__init__.py").is_file()
    ):
        raise ExportError(
            f"{where}: nn/{name}.py cannot be a chapter's module: the name "
            "is reserved or belongs to something written by hand"
        )


def add_statements(notebook, module, tree, source, where):
    """Cut a captioned cell into its definitions, comments included."""
    lines, done, here, docstring = source.split("\n"), 1, [], False
    for node in tree.body:
        if node.lineno <= done and node is not tree.body[0]:
            raise ExportError(
                f"{where}, line {node.lineno}: one statement a line, please"
            )
        text = "\n".join(lines[done : node.end_lineno]).strip("\n")
        done = node.end_lineno
        if isinstance(node, ast.Import | ast.ImportFrom):
            continue
        if node is tree.body[0] and is_docstring(node):
            notebook.docstrings[module], docstring = text, True
            continue
        new = Statement(module, node, text, where)
        if adds := grown(node):
            new = member(new, adds, here)
        elif defined(node) is None:
            raise ExportError(
                f"{where}, line {node.lineno}: a captioned cell may hold "
                "def, class, NAME = ..., Class.name = ... and a first "
                "docstring, nothing else"
            )
        elif any(s.name == new.name and not s.adds for s in here):
            raise ExportError(f"{where} defines {new.name} twice")
        here.append(new)
    if not here and not docstring:
        raise ExportError(
            f"{where} has the caption of nn/{module}.py and defines "
            "nothing: write a definition or drop the caption"
        )
    rest = "\n".join(lines[done:]).rstrip()
    if here and rest:
        here[-1].source += "\n" + rest
    notebook.statements += here


def member(new, adds, here):
    """``Class.name = ...`` as a member; a function comes from its cell."""
    value = new.node.value
    if not isinstance(value, ast.Name) or value.id != adds[1]:
        new.source = indented(new.source.partition(".")[2])
        return Statement(new.module, new.node, new.source, new.where, adds)
    for old in here:
        if isinstance(old.node, FUNCTIONS) and old.name == value.id:
            here.remove(old)
            refuse_super(old.node, new.where)
            text = indented(old.source)
            check_indented(old.node, text, new.where)
            return Statement(new.module, old.node, text, new.where, adds)
    raise ExportError(
        f"{new.where}: {ast.unparse(new.node)} expects the function "
        f"{value.id} in the same cell, above it"
    )


def check_indented(node, text, where):
    """Refuse a string over several lines, which indenting would change."""
    (moved,) = ast.parse(f"class _:\n{text}").body[0].body
    for f in (node, moved):
        f.body = f.body[is_docstring(f.body[0]) :]
    if ast.dump(node) != ast.dump(moved):
        raise ExportError(
            f"{where}: {node.name} holds a string over several lines, "
            "which would change inside the class: join it from single lines"
        )


def is_docstring(node):
    """True for a statement that is a string and nothing else."""
    value = getattr(node, "value", None)
    return isinstance(node, ast.Expr) and isinstance(
        getattr(value, "value", None), str
    )


def defined(node):
    """The name that a statement defines, None if it is no definition."""
    if isinstance(node, (*FUNCTIONS, ast.ClassDef)):
        return node.name
    if isinstance(node, ASSIGNMENTS) and node.value is not None:
        targets = getattr(node, "targets", [getattr(node, "target", None)])
        if len(targets) == 1:
            return getattr(targets[0], "id", None)
    return None


def grown(node):
    """(class, member) of a statement ``Class.member = ...``, or None."""
    match node:
        case ast.Assign(
            targets=[ast.Attribute(value=ast.Name(id=owner), attr=member)]
        ):
            return owner, member
    return None


# --- merging what the chapters say


def members(source, make):
    """The parts of a class, by name, each with the comments above it.

    Definitions of one name (a property and its setter) are one part.
    """
    lines, found = source.split("\n"), {}
    node = ast.parse(source).body[0]
    first = node.body[0]
    if first.lineno == node.lineno:  # class X: ...
        return {HEAD: make(HEAD, source)}
    done = first.lineno - 1
    if getattr(first, "decorator_list", None):
        done = first.decorator_list[0].lineno - 1
    while done and lines[done - 1].lstrip().startswith("#"):
        done -= 1
    found[HEAD] = make(HEAD, "\n".join(lines[:done]).rstrip("\n"))
    for i, child in enumerate(node.body):
        name = DOC if i == 0 and is_docstring(child) else defined(child)
        end = len(lines) if child is node.body[-1] else child.end_lineno
        while not lines[done].strip():
            done += 1
        text = "\n".join(lines[done:end]).rstrip()
        done = child.end_lineno
        if name is None:  # a pass, say: it stays with what is above it
            name = next(reversed(found))
        if name in found:
            gap = "\n" if name == HEAD else "\n\n"
            text = found[name].source + gap + text
        found[name] = make(name, text)
    return found


def collect(until, root):
    """All definitions up to a chapter, by name, and the docstrings."""
    found, first, docstrings = {}, {}, {}
    for path in chapters(root):
        notebook = read(path)
        if until is not None and notebook.number > until:
            continue
        docstrings |= notebook.docstrings
        add_chapter(notebook, found, first)
    return found, first, docstrings


def add_chapter(notebook, found, first):
    """Bring the definitions to where they are after this chapter."""
    whole = {}  # what this chapter defines whole: name -> cell
    for new in notebook.statements:
        name, where, old = new.name, new.where, found.get(new.name)

        def make(part, text, where=where):
            return Part(part, text, notebook.number, where, notebook)

        if old and old.module != new.module:
            raise ExportError(
                f"{where} defines {name} in nn/{new.module}.py, but "
                f"chapter {old.chapters[0]} does so in nn/{old.module}.py: "
                "rename one"
            )
        if new.adds:
            extended(old, name, where)
            replace(old, [make(new.adds[1], new.source)])
        elif name in (names_of(getattr(new.node, "bases", []))):
            extended(old, name, where)
            base = check_extension(new.node, found, where)
            parts = members(new.source, make)
            del parts[HEAD]
            check_defaults(old, parts, where)
            if base:
                head = old.parts[HEAD].source.rpartition("class ")[0]
                text = f"{head}class {name}({base}):"
                parts[HEAD] = make(HEAD, text)
            replace(old, parts.values())
        else:
            parts = {HEAD: make(HEAD, new.source)}
            if isinstance(new.node, ast.ClassDef):
                parts = members(new.source, make)
            d = Definition(
                name, new.module, parts, notebook.number, new.source
            )
            if old:
                d.replaced = [*old.replaced, *old.parts.values()]
            whole[name] = where
            found[name] = d  # a known name keeps its place
            first.setdefault(name, notebook.number)
    check_children(whole, found)


def names_of(nodes):
    """The plain names among the nodes."""
    return {node.id for node in nodes if isinstance(node, ast.Name)}


def indented(text):
    """The text of a function as that of a method."""
    return "\n".join(
        f"    {line}" if line else "" for line in text.split("\n")
    )


def refuse_super(tree, where):
    """``super`` would mean the former self here, the base in nn/."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id == "super":
            raise ExportError(
                f"{where}: super() in a class that is merged means another "
                "class in the package than in the notebook: name the base, "
                "or write the class whole"
            )


def extended(old, name, where):
    """The class that a later cell adds to; an error if there is none."""
    if old is None or not isinstance(old.node, ast.ClassDef):
        raise ExportError(
            f"{where} adds to the class {name}, which no chapter up to "
            "this one defines"
        )


def replace(old, parts):
    """Put new parts of a class in the place of those of their name."""
    old.text = None
    for part in parts:
        if part.name in old.parts:
            old.replaced.append(old.parts[part.name])
        old.parts[part.name] = part


def check_extension(node, found, where):
    """What ``class X(X):`` may hold; return B for ``class X(B, X):``.

    B then takes the place of the base of X, from which it inherits.
    """
    name = node.name
    new = [ast.unparse(base) for base in node.bases[:-1]]
    old = bases_of(found[name])
    if (
        ast.unparse(node.bases[-1]) != name
        or len(new) > 1
        or any(b not in found or bases_of(found[b]) != old for b in new)
        or node.keywords
        or node.decorator_list
    ):
        raise ExportError(
            f"{where}: class {name}(...) may add members, and a base that "
            f"inherits from {' and '.join(old)} as class {name}(Base, "
            f"{name}); for anything else write the class whole"
        )
    for i, child in enumerate(node.body):
        empty = isinstance(child, ast.Pass) or ast.unparse(child) == "..."
        docstring = i == 0 and is_docstring(child)
        if defined(child) is None and not docstring and not empty:
            raise ExportError(
                f"{where}: class {name}({name}) holds methods, attributes "
                "and a docstring, nothing else"
            )
    refuse_super(node, where)
    heirs = [d.name for d in found.values() if name in bases_of(d)]
    if heirs:
        raise ExportError(
            f"{where}: {', '.join(sorted(heirs))} inherit from {name}, and "
            f"in the notebook they would not inherit from class "
            f"{name}({name}): grow it in place, {name}.method = method"
        )
    return new[0] if new else None


def bases_of(definition):
    """The names of the classes that a definition inherits from."""
    return names_of(getattr(definition.node, "bases", []))


def check_defaults(old, new, where):
    """An attribute that a new ``__init__`` brings has a class default.

    Else an earlier chapter's ``__init__`` would leave it out in a notebook
    that runs against the whole package.
    """
    if "__init__" not in new or "__init__" not in old.parts:
        return
    ours, theirs = (
        {
            n.attr
            for n in ast.walk(ast.parse(f"class _:\n{part.source}"))
            if isinstance(n, ast.Attribute) and isinstance(n.ctx, ast.Store)
        }
        for part in (new["__init__"], old.parts["__init__"])
    )
    for name in sorted(ours - theirs - {*new, *old.parts}):
        raise ExportError(
            f"{where}: the new attribute {name} of {old.name} needs a "
            f"default in the class, {name} = None, for the chapters before"
        )


def check_children(whole, found):
    """A base class that is written anew needs its children anew."""
    for name, where in whole.items():
        if not found[name].replaced:
            continue
        left = {
            d.name
            for d in found.values()
            if name in bases_of(d) and d.name not in whole
        }
        if left:
            raise ExportError(
                f"{where} redefines the base class {name}, so this chapter "
                f"must redefine {', '.join(sorted(left))} too; to add a "
                f"method, grow it in place: {name}.method = method"
            )


# --- names


def free_names(source):
    """Names that ``source`` takes from its module or from Python."""

    def walk(table):
        inside = table.get_type() != "module"
        for s in table.get_symbols():
            bound = (s.is_local() or s.is_free()) and inside
            if s.is_referenced() and not bound:
                yield s.get_name()
        for child in table.get_children():
            yield from walk(child)

    table = symtable.symtable(source, "cell", "exec")
    own = {s.get_name() for s in table.get_symbols() if s.is_assigned()}
    return set(walk(table)) - own


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


def needs(d, found, first):
    """What a definition needs: {(bound name, module, member, alias)}."""
    wanted = set()
    for part in d.parts.values():
        text = part.source
        if part.name != HEAD:
            text = f"class {d.name}:\n{text}"
        elif len(d.parts) > 1:
            text += "\n    pass"
        for name in free_names(text) - {d.name}:
            wanted |= resolve(name, part, d, found, first)
    return wanted


def resolve(name, part, d, found, first):
    """What to import for a name in a part of d, as in ``needs``."""
    imports = part.notebook.imports.get(name, {("nn", name, None)})
    if all(module.split(".")[0] != "nn" for module, _, _ in imports):
        own = found.get(name)
        if own and own.module == d.module:
            return set()
        return {(name, *wanted) for wanted in imports}
    ((_, member, alias),) = imports
    source = found.get(member)
    known = {*part.notebook.imports, *part.notebook.bound, *found}
    if name not in known and hasattr(builtins, name):
        return {(name, "builtins", None, None)}
    if source is None or first[member] > part.chapter:
        raise ExportError(
            f"{part.where}: {d.name} uses {name}, which no chapter up to "
            "this one defines and this notebook does not import from a "
            "library"
        )
    if source.module == d.module and alias is None:
        return set()
    return {(name, f".{source.module}", member, alias)}


def check_one_meaning(module, wanted):
    """In one module a name may come from one place only."""
    seen = {}
    for name, source, member, alias in sorted(wanted, key=str):
        plain = source, member
        if not member and not alias:  # import xml.dom binds xml
            plain = source.split(".")[0], None
        if seen.setdefault(name, plain) != plain:
            raise ExportError(
                f"nn/{module}.py would need two things called {name}: "
                f"{seen[name]} and {plain}: rename one in its chapter"
            )


# --- writing modules


def statement(module, member, alias):
    """The import of one name."""
    tail = f" as {alias}" if alias else ""
    start = f"from {module} " if member else ""
    return f"{start}import {member or module}{tail}\n"


def tidy(files):
    """The files with their imports and ``__all__`` in ruff's order."""
    with tempfile.TemporaryDirectory() as folder:
        for name, text in files.items():
            Path(folder, name).write_text(text, encoding="utf-8")
        command = [sys.executable, "-m", "ruff", "check", "--isolated"]
        command += ["--fix", "--quiet", "--select", "I,RUF022"]
        command += ["--line-length", "76", "--no-cache", folder]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise ExportError(f"ruff: {done.stdout}{done.stderr}")
        return {
            name: Path(folder, name).read_text(encoding="utf-8")
            for name in files
        }


def ordered(definitions):
    """The definitions, each after what it needs when it is executed."""
    names, done, result = {d.name: d for d in definitions}, set(), []

    def place(d, waiting):
        if d.name in waiting:
            raise ExportError(f"nn/{d.module}.py: {d.name} needs itself")
        if d.name not in done:
            needed = set(eager_names(d.node)) - {d.name}
            for name in (n for n in names if n in needed):
                place(names[name], {*waiting, d.name})
            done.add(d.name)
            result.append(d)

    for d in definitions:
        place(d, set())
    return result


def package(until=None, root=ROOT, brief=None):
    """File name -> text of every generated module after a chapter.

    What only the chapter ``brief`` defines is there by its first lines.
    """
    stamps = tuple(cells.stamp(path) for path in chapters(root))
    folders = {p.parent.name for p in (root / "nn").glob("*/__init__.py")}
    return dict(_package(until, root, brief, frozenset(folders), stamps))


@cache
def _package(until, root, brief, folders, stamps):
    found, first, docstrings = collect(until, root)
    notebooks = map(read, chapters(root))
    titles = {notebook.number: notebook.title for notebook in notebooks}
    files, wanted = {}, {}
    for module in sorted({d.module for d in found.values()}):
        mine = [d for d in found.values() if d.module == module]
        every = set().union(*(needs(d, found, first) for d in mine))
        check_one_meaning(module, every)
        wanted[module] = {w[1:] for w in every if w[1] != "builtins"}
        public = [d.name for d in mine if d.name[0] != "_"]
        text = [HEADER + "\n"]
        if module in docstrings:
            text.append(docstrings[module] + "\n\n")
        text += [statement(*w) for w in sorted(wanted[module], key=str)]
        names = "".join(f'    "{name}",\n' for name in public)
        text.append(f"\n__all__ = [\n{names}]\n")
        for d in ordered(mine):
            title = f"chapter {d.chapters[0]}: {titles[d.chapters[0]]}"
            if len(d.chapters) > 1:
                title = f"chapters {', '.join(map(str, d.chapters))}"
            source = d.source if d.chapters != [brief] else first_lines(d)
            text.append(f"\n\n# {title}\n{source}\n")
        files[f"{module}.py"] = "".join(text)
    check_cycles(wanted)
    files["__init__.py"] = render_init(found, wanted, folders)
    return tidy(files)


def first_lines(definition):
    """A definition without its body."""
    node, lines = definition.node, definition.source.split("\n")
    if isinstance(node, ASSIGNMENTS) or node.body[0].lineno == node.lineno:
        return definition.source
    return "\n".join([*lines[: node.body[0].lineno - 1], "    ..."])


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


def render_init(found, wanted, folders):
    """``nn/__init__.py``: light modules re-exported, the others lazy."""
    standard = {*sys.stdlib_module_names, "numpy", ""}
    light = {
        module
        for module, needs in wanted.items()
        if {w[0].split(".")[0] for w in needs} <= standard
    }
    public = [
        d for d in found.values() if d.module in light and d.name[0] != "_"
    ]
    imports = [statement(f".{d.module}", d.name, None) for d in public]
    return INIT.format(
        header=HEADER,
        imports="".join(imports),
        names="".join(f'    "{d.name}",\n' for d in public),
        lazy=json.dumps(sorted(folders | (wanted.keys() - light))),
    )


def diff(n, root=ROOT, brief=False):
    """What chapter n changed in the modules, as one unified diff.

    With ``brief``, what is new is there by its first lines only.
    """
    before = package(n - 1, root)
    after = package(n, root, n if brief else None)
    lines = []
    for name in sorted(after.keys() - {"__init__.py"}):
        old, new = before.get(name, ""), after[name]
        lines += difflib.unified_diff(
            old.splitlines(),
            new.splitlines(),
            f"a/nn/{name}" if old else "/dev/null",
            f"b/nn/{name}",
            lineterm="",
            n=1,
        )
    return "\n".join(lines)


def holdings(n, root=ROOT):
    """The modules that chapter n touches: {module: {public name: touched}}.

    Names that the chapter defines or changes are marked True.
    """
    found = {}
    for d in collect(n, root)[0].values():
        if d.name[0] != "_":
            found.setdefault(d.module, {})[d.name] = n in d.chapters
    return {m: names for m, names in found.items() if any(names.values())}


# --- who says what


def replaced(root=ROOT):
    """What a later chapter has replaced, a line for each definition.

    A change of such a place in the earlier chapter cannot reach nn/.
    """
    lines = []
    for d in collect(None, root)[0].values():
        earlier = {}
        for old in d.replaced:
            now = d.parts.get(old.name, d.parts[HEAD])
            if old.name != DOC and now.source != old.source:
                earlier.setdefault((old.name, now.chapter), set()).add(
                    old.chapter
                )
        said = [
            f"{'.'.join(filter(None, [d.name, name]))} is chapter {now}'s "
            f"(not {' and '.join(map(str, sorted(numbers)))}'s)"
            for (name, now), numbers in earlier.items()
        ]
        if said:
            lines.append(f"nn/{d.module}.py: {', '.join(said)}")
    return lines


def where(name, root=ROOT):
    """Which cells a definition or a member comes from, a line each."""
    found = collect(None, root)[0]
    owner, _, part = name.partition(".")
    if owner not in found or (part and part not in found[owner].parts):
        raise ExportError(f"no chapter writes {name} into nn/")
    d, lines = found[owner], {}
    now = [d.parts[part]] if part else d.parts.values()
    for p in now:
        lines.setdefault(p.where, []).append(p.name or "first line")
    names = {p.name for p in now}
    before = {p.where for p in d.replaced if p.name in names} - {*lines}
    return [
        f"{name} is in nn/{d.module}.py, from",
        *(
            f"  {cell}" + (f": {', '.join(parts)}" if not part else "")
            for cell, parts in lines.items()
        ),
        *(f"  (before, and replaced: {cell})" for cell in sorted(before)),
    ]


def api(text, root=ROOT):
    """The text of book/api.md with the chapters of each module."""
    found = collect(None, root)[0].values()
    paths = {cells.chapter(path): path for path in chapters(root)}

    def links(match):
        numbers = sorted(
            {n for d in found if d.module == match[2] for n in d.chapters}
        )
        if not numbers:
            raise ExportError(f"book/api.md: no chapter writes {match[2]}")
        texts = [f"[{n}](../notebooks/{paths[n].name})" for n in numbers]
        *most, last = texts
        words = f"{', '.join(most)} and {last}" if most else last
        return f"{match[1]}Chapter{'s' * bool(most)} {words}."

    return API.sub(links, text)


# --- files


def outputs(root):
    """Path -> text of all that is generated: the modules and api.md."""
    new = package(root=root)
    files = {root / "nn" / name: text for name, text in new.items()}
    page = root / "book" / "api.md"
    if page.is_file():
        files[page] = api(page.read_text(encoding="utf-8"), root)
    return files


def generated(path):
    """True for a module that this tool has written."""
    return path.read_bytes().startswith(HEADER.encode())


def strays(folder, names):
    """Modules that no chapter writes any more."""
    for path in sorted(folder.glob("*.py")):
        if path.name not in names and generated(path):
            yield path


def stale(root=ROOT):
    """Where the files differ from what the chapters say: a list."""
    files = outputs(root)
    problems = [
        f"nn/{path.name}: no chapter writes it"
        for path in strays(root / "nn", {path.name for path in files})
    ]
    for path, text in files.items():
        old = path.read_text(encoding="utf-8") if path.is_file() else ""
        if old != text:
            name = path.relative_to(root)
            change = difflib.unified_diff(
                old.splitlines(),
                text.splitlines(),
                "nn/",
                "chapters",
                lineterm="",
                n=1,
            )
            shown = [f"    {line}" for line in list(change)[2:22]]
            problems.append("\n".join([f"{name} differs:", *shown]))
    return problems


def try_import(files):
    """Import the modules in a fresh Python before they replace others."""
    with tempfile.TemporaryDirectory() as folder:
        new = Path(folder, "nn")
        new.mkdir()
        for name, text in files.items():
            (new / name).write_text(text, encoding="utf-8")
        modules = [f"nn.{Path(name).stem}" for name in sorted(files)]
        code = f"import {', '.join(modules)}; from nn import *"
        done = subprocess.run(
            [sys.executable, "-B", "-c", code],
            cwd=folder,
            capture_output=True,
            text=True,
        )
        if done.returncode:
            last = done.stderr.strip().splitlines()[-1]
            raise ExportError(
                f"nothing is written: the package does not import: {last}"
            )


def export(root=ROOT):
    """Bring nn/ and book/api.md to what the chapters say."""
    try_import(package(root=root))
    (root / "nn").mkdir(exist_ok=True)
    files = outputs(root)
    for path, text in files.items():
        cells.write(path, text)
    for path in strays(root / "nn", {path.name for path in files}):
        path.unlink()


def export_until(n, folder, root=ROOT):
    """Write the package as it stands after chapter n to ``folder``/nn."""
    new = folder / "nn"
    new.mkdir(parents=True)
    skip = shutil.ignore_patterns("__pycache__")
    for path in sorted((root / "nn").iterdir()):
        if path.is_dir() and path.name != "__pycache__":
            shutil.copytree(path, new / path.name, ignore=skip)
        elif path.is_file() and not generated(path):
            shutil.copy2(path, new / path.name)
    for name, text in package(n, root).items():
        cells.write(new / name, text)


def main(arguments=None, root=ROOT):
    """Run the command line; return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m tools export",
        description="Write nn/ from the chapters in notebooks/.",
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
    what.add_argument(
        "--where",
        metavar="NAME",
        help="print which cell a definition or Class.method comes from",
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
        elif options.where:
            print(*where(options.where, root), sep="\n")
        elif options.to:
            if (options.to / "nn").exists():
                parser.error(
                    f"{options.to / 'nn'} exists: name a new folder"
                )
            export_until(options.until, options.to, root)
        elif options.check:
            problems = stale(root)
            if problems:
                print(*problems, sep="\n")
                print("The files are not what the chapters say. Change the")
                print("notebook, then run: python -m tools export")
                return 1
        else:
            export(root)
            print(*replaced(root), sep="\n")
    except ValueError as error:
        print(f"export: {error}", file=sys.stderr)
        return 1
    return 0
