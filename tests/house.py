"""Hold names, sizes and tests to the house rules: `python -m tests.house`, part of `make lint`.

What broke a rule before the rule was made is listed in `tests/data/house.json`. The list can only get shorter: a new
entry fails, and so does one that is no longer needed. `python -m tests.house --write` writes it anew.
"""

import ast
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
LISTED = ROOT / "tests" / "data" / "house.json"
PACKAGES = ("kb", "tasks", "web", "worker")

#: Lines of a function, from its `def` to its end.
MAX_FUNCTION = 50

#: Lines of a module.
MAX_MODULE = 400

#: Names that the glossary replaced. docs/glossary.md has the terms that stand for them now.
RETIRED = frozenset(
    """
    announce_conversation announce_messages away books brief built crew exactness gaps hand_over handed_over
    hygiene lane lanes marks mine nearness no_news one place places postman posting promise relay repetitions rests
    rests_until seat shelf shown speech spoke stands steering stranger talk talks tell_all thing told wire with_it
    words_only
    """.split()
)
#: Parts of constants that are MAX, MIN and TIMEOUT now.
RETIRED_PARTS = frozenset({"MOST", "LEAST", "PATIENCE"})

#: Openings of docstrings that name no thing and no action.
RIDDLE = re.compile(r"(What|Whoever|(Return|Yield|Give|Tell) what|See the module)\b")


def findings() -> dict[str, list[str]]:
    """Return what breaks a rule, by rule: `path: name` each, sorted."""
    names, functions, modules, riddles = set(), set(), set(), set()
    for path in _modules():
        where = path.relative_to(ROOT).as_posix()
        text = path.read_text()
        if text.count("\n") > MAX_MODULE:
            modules.add(where)
        tree = ast.parse(text)
        names |= {f"{where}: {name}" for name in _names(tree) if is_retired(name)}
        riddles |= {f"{where}: {opening}" for opening in _docstrings(tree) if RIDDLE.match(opening)}
        functions |= {
            f"{where}: {node.name}"
            for node in ast.walk(tree)
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            and (node.end_lineno or 0) - node.lineno > MAX_FUNCTION
        }
    return {
        "retired names": sorted(names),
        "docstrings that open with a riddle": sorted(riddles),
        "modules without tests of their name": sorted(_untested()),
        f"functions over {MAX_FUNCTION} lines": sorted(functions),
        f"modules over {MAX_MODULE} lines": sorted(modules),
    }


def problems() -> list[str]:
    """Return how the code differs from the list, a line each."""
    listed, found = json.loads(LISTED.read_text()), findings()
    lines = []
    for rule, entries in found.items():
        known = listed.get(rule, [])
        lines += [f"new, {rule}: {entry}" for entry in entries if entry not in known]
        lines += [f"mended, take it off the list, {rule}: {entry}" for entry in known if entry not in entries]
    return lines


def is_retired(name: str) -> bool:
    """Whether a name is one that the glossary replaced, or a constant made of such a part."""
    plain = name.strip("_")
    return plain.lower() in RETIRED or (plain.isupper() and bool(RETIRED_PARTS & set(plain.split("_"))))


def _names(tree: ast.AST) -> Iterator[str]:
    """Yield what the code names: functions, classes, arguments, variables and attributes that it sets."""
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.arg(arg=name) | ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
                yield name


def _docstrings(tree: ast.AST) -> Iterator[str]:
    """Yield the first line of each docstring."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield (ast.get_docstring(node) or "").partition("\n")[0]


def _untested() -> Iterator[str]:
    """Yield the modules with functions for which there is no `tests/<same folder>/test_<module>.py`."""
    for path in _modules():
        where = path.relative_to(ROOT)
        tests = ROOT / "tests" / where.parent / f"test_{where.name}"
        if not path.name.startswith("__") and not tests.exists() and _defines_functions(path):
            yield where.as_posix()


def _defines_functions(path: Path) -> bool:
    nodes = ast.walk(ast.parse(path.read_text()))
    return any(isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) for node in nodes)


def _modules() -> Iterator[Path]:
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            if "migrations" not in path.parts:
                yield path


def main() -> int:
    """Print the problems, or write the list; return the exit status."""
    if "--write" in sys.argv[1:]:
        LISTED.write_text(json.dumps(findings(), indent=1) + "\n")
        return 0
    found = problems()
    print("\n".join(found) or "Names and sizes keep to the rules.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
