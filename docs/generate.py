"""Write the pages and the data that are made from the code, or `--check` that they are current."""

import argparse
import json
import sys
from dataclasses import MISSING, fields
from pathlib import Path

from kb import documents
from worker.settings import Settings

_ROOT = Path(__file__).parent.parent
_PAGE = _ROOT / "docs" / "settings.md"

#: The sample articles in the form that `answerback eval` reads.
_CORPUS = _ROOT / "tests" / "data" / "desk" / "corpus.jsonl"

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


def sample_corpus() -> str:
    """Return the sample articles, a line each."""
    lines = []
    for path in sorted((_ROOT / "kb" / "sample").glob("*.md")):
        article = documents.parse(path.read_bytes(), media_type="text/markdown", title=path.stem)
        text = article.text.removeprefix(article.title).strip()
        lines.append(json.dumps({"_id": path.stem, "title": article.title, "text": text}, ensure_ascii=False))
    return "\n".join(lines) + "\n"


def main() -> None:
    """Write the pages, or say which of them are not current."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail when a page is not current")
    check = parser.parse_args().check
    for path, text in ((_PAGE, settings_page()), (_CORPUS, sample_corpus())):
        if not check:
            path.write_text(text)
        elif not path.exists() or path.read_text() != text:
            sys.exit(f"{path.name} is not current: run `make docs`.")


if __name__ == "__main__":
    main()
