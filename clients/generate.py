"""Write what the clients have from docs/openapi.json, or `--check` that it is current.

The version of both is that of the service, in setup.cfg.
"""

import argparse
import configparser
import subprocess
import sys
from pathlib import Path

from clients import python_code, typescript_code
from clients.description import Description

_ROOT = Path(__file__).parent.parent
_PYTHON = _ROOT / "clients" / "python" / "answerback_client"
_TYPESCRIPT = _ROOT / "clients" / "typescript"


def version() -> str:
    """Return the version of the service."""
    parsed = configparser.ConfigParser()
    parsed.read(_ROOT / "setup.cfg")
    return parsed["metadata"]["version"]


def python_files(description: Description) -> dict[Path, str]:
    """Return the generated modules of the Python client, by path."""
    generated = _PYTHON / "_generated"
    modules = {
        _PYTHON / "_version.py": f'"""The version, which is that of the API."""\n\n__version__ = "{version()}"\n',
        generated / "types.py": python_code.types(description),
        generated / "codes.py": python_code.errors(description),
        generated / "resources.py": python_code.resources(description, asynchronous=False),
        generated / "async_resources.py": python_code.resources(description, asynchronous=True),
        generated / "surface.py": python_code.surface(description),
    }
    formatted = {path: _formatted(path, text) for path, text in modules.items()}
    return {**formatted, _PYTHON.parent / "LICENSE": _license()}


def typescript_files(description: Description) -> dict[Path, str]:
    """Return the generated modules of the TypeScript client, by path."""
    generated = _TYPESCRIPT / "src" / "generated"
    manifests = [_TYPESCRIPT / "package.json", _TYPESCRIPT / "package-lock.json"]
    return {
        generated / "types.ts": typescript_code.types(description),
        generated / "codes.ts": typescript_code.error_codes(description),
        generated / "resources.ts": typescript_code.resources(description),
        generated / "surface.ts": typescript_code.surface(description),
        generated / "version.ts": typescript_code.version_module(version()),
        _TYPESCRIPT / "LICENSE": _license(),
        **{path: typescript_code.stamped(path.read_text(), version()) for path in manifests},
    }


def _license() -> str:
    """Return the licence, of which each package has a copy."""
    return (_ROOT / "LICENSE").read_text(encoding="utf-8")


def _formatted(path: Path, source: str) -> str:
    """Return a Python module as ruff formats it and sorts its imports."""
    ruff = [sys.executable, "-m", "ruff"]
    name = str(path.relative_to(_ROOT))
    for command in (["check", "--fix", "--quiet", "--select", "I"], ["format", "--quiet"]):
        done = subprocess.run(
            [*ruff, *command, "--stdin-filename", name, "-"],
            input=source,
            cwd=_ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            sys.exit(f"{name} could not be formatted: {done.stderr}")
        source = done.stdout
    return source


def write(*, check: bool) -> None:
    """Write the files that have changed; with `check`, exit with the name of the first one instead."""
    description = Description.read(_ROOT / "docs" / "openapi.json")
    for path, text in (python_files(description) | typescript_files(description)).items():
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        if check:
            sys.exit(f"{path.relative_to(_ROOT)} is not current: run `make docs`.")
        path.write_text(text, encoding="utf-8")


def main() -> None:
    """Write the files, or say which of them is not current."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail when a file is not current")
    write(check=parser.parse_args().check)


if __name__ == "__main__":
    main()
