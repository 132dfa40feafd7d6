"""Write the reference pages that are made from the code, or `--check` that they are current."""

import argparse
import sys
from dataclasses import MISSING, fields
from pathlib import Path

from worker.settings import Settings

_PAGE = Path(__file__).parent / "settings.md"

_HEAD = """# Settings

Every setting is an environment variable, read once at the start of each process. An empty variable counts as unset. All
problems are reported at once. This page is made from `worker/settings.py` by `make docs`.

| variable | meaning | default |
|---|---|---|
"""


def settings_page() -> str:
    """Return the page on settings."""
    rows = []
    for setting in fields(Settings):
        default = setting.default
        if default is None or default is MISSING or default == ():
            shown = "–"
        elif isinstance(default, bool):
            shown = "`on`" if default else "`off`"
        elif isinstance(default, tuple):
            shown = f"`{','.join(map(str, default))}`"
        else:
            shown = f"`{default:g}`" if isinstance(default, float) else f"`{default}`"
        secret = "" if setting.repr else " (secret)"
        rows.append(f"| `{setting.metadata['env']}` | {setting.metadata['help']}{secret} | {shown} |")
    return _HEAD + "\n".join(rows) + "\n"


def main() -> None:
    """Write the pages, or say which of them are not current."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail when a page is not current")
    if not parser.parse_args().check:
        _PAGE.write_text(settings_page())
    elif _PAGE.read_text() != settings_page():
        sys.exit(f"{_PAGE.name} is not current: run `make docs`.")


if __name__ == "__main__":
    main()
