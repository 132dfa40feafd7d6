"""What the site shows of the rest of the repository: the changelog, the examples and the monitoring files.

Pages link to them as they lie (``../examples/shop.py``), so that the links work wherever the repository is read; the
site gets copies, and its links lead there. Symbolic links would do the same but do not survive every archive.
"""

from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).resolve().parents[1]
SHOWN = ("CHANGELOG.md", "examples", "monitoring")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the files that lie outside of docs/."""
    for name in SHOWN:
        shown = ROOT / name
        for path in [shown] if shown.is_file() else sorted(shown.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                uri = _uri(path.relative_to(ROOT).as_posix())
                files.append(File.generated(config, uri, abs_src_path=str(path)))
    return files


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Let links from pages of the first level lead to the copies."""
    for name in SHOWN:
        markdown = markdown.replace(f"](../{name}", f"]({_uri(name)}")
    return markdown


def _uri(path: str) -> str:
    return "changelog.md" if path == "CHANGELOG.md" else path
