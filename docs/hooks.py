"""Copy files of the repository into the site: the changelog, the examples and the monitoring files.

Pages link to their paths in the repository (``../examples/shop.py``), so that the links work on any code host; in the
site, they lead to the copies. Symbolic links would do the same, but not every archive format keeps them.
"""

from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).resolve().parents[1]
COPIED = ("CHANGELOG.md", "examples", "monitoring")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the files outside of docs/."""
    for name in COPIED:
        source = ROOT / name
        for path in [source] if source.is_file() else sorted(source.rglob("*")):
            if path.is_file() and not {"__pycache__", "node_modules"} & set(path.parts):
                uri = _uri(path.relative_to(ROOT).as_posix())
                files.append(File.generated(config, uri, abs_src_path=str(path)))
    return files


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Point links of top-level pages, and of pages in a folder, to the copies."""
    for name in COPIED:
        markdown = markdown.replace(f"](../../{name}", f"](../{_uri(name)}").replace(f"](../{name}", f"]({_uri(name)}")
    return markdown


def _uri(path: str) -> str:
    return "changelog.md" if path == "CHANGELOG.md" else path
