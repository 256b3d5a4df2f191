"""Who imports whom in src/latente, read off the source: for the test of the architecture and the plan of the house."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

SRC = Path(__file__).parents[1] / "src"
FILES = sorted((SRC / "latente").rglob("*.py"))
ROOMS = {path.parent.name for path in FILES if path.name == "__init__.py" and path.parents[1].name == "latente"}
BASE = {path.stem for path in FILES if path.parent.name == "latente"} - {"__init__", "__main__"}
"""The top-level files, which any room may import."""


def tree_of(path: Path) -> ast.Module:
    """The syntax of a file."""
    return ast.parse(path.read_text(encoding="utf-8"))


def imports(path: Path, nodes: Iterable[ast.AST] | None = None, src: Path = SRC) -> Iterator[tuple[int, str]]:
    """Line and dotted name of everything that a file imports, inside functions and by importlib too."""
    package = path.parent.relative_to(src).parts
    for node in nodes or ast.walk(tree_of(path)):
        match node:
            case ast.Import(names=names):
                yield from ((node.lineno, alias.name) for alias in names)
            case ast.ImportFrom(module=module, names=names, level=level):
                above = package[: len(package) - level + 1] if level else ()
                base = ".".join([*above, *([module] if module else [])])
                yield from ((node.lineno, f"{base}.{alias.name}") for alias in names)
            case ast.Call(func=ast.Attribute(attr="import_module") | ast.Name(id="import_module" | "__import__")):
                if node.args and isinstance(node.args[0], ast.Constant):
                    yield node.lineno, str(node.args[0].value)


def room_of(path: Path) -> str:
    """The folder that a file lies in, or the file's own name at the top; the package's __init__ is ``latente``."""
    first = path.relative_to(SRC / "latente").parts[0].removesuffix(".py")
    return {"__init__": "latente", "__main__": "cli"}.get(first, first)


def room_imported(dotted: str) -> str | None:
    """The room that a dotted name lies in; None outside Latente, and for the version, which anyone may read."""
    first, _, rest = dotted.partition(".")
    if first != "latente" or rest == "__version__":
        return None
    room = rest.partition(".")[0]
    return room if room in ROOMS or room in BASE else "latente"


def rooms() -> dict[str, set[str]]:
    """Every room with the rooms that it imports, without itself and the top-level files."""
    found: dict[str, set[str]] = {room: set() for room in (*ROOMS, "latente")}
    for path in FILES:
        if (room := room_of(path)) in found:
            found[room] |= {room_imported(dotted) for _, dotted in imports(path)} & found.keys() - {room}
    return found


def files(src: Path = SRC) -> dict[str, set[str]]:
    """Every file with the files that it imports, by their paths below ``src``.

    Importing a submodule is an import of that file alone, not of the packages above it. The parts that a package finds
    by going through its folder are no imports of it: they know the package, and it does not know them.
    """
    modules = {
        ".".join(path.relative_to(src).with_suffix("").parts).removesuffix(".__init__"): path
        for path in sorted(src.rglob("*.py"))
    }
    found = {}
    for path in modules.values():
        names = {module_of(dotted, modules) for _, dotted in imports(path, src=src)} - {None}
        found[path.relative_to(src).as_posix()] = {modules[name].relative_to(src).as_posix() for name in names}
    return found


def module_of(dotted: str, modules: Mapping[str, Path]) -> str | None:
    """The module that a dotted name is or lies in; None outside Latente, and for the version."""
    if dotted.endswith(".__version__"):
        return None
    while dotted and dotted not in modules:
        dotted = dotted.rpartition(".")[0]
    return dotted or None
