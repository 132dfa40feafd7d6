"""Copy files of the repository into the site, and write what assistants read: llms.txt, and each page as Markdown.

Pages link to their paths in the repository (``../examples/shop.py``), so that the links work on any code host; in the
site, they lead to the copies. Symbolic links would do the same, but not every archive format keeps them.
"""

import re
from collections.abc import Iterator
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
        markdown = markdown.replace(f"](../{name}", f"]({_uri(name)}")
        markdown = markdown.replace(f"](../../{name}", f"](../{_uri(name)}")
    return markdown


def on_post_build(config: MkDocsConfig) -> None:
    """Write each page as Markdown beside its HTML, and llms.txt, which lists them (https://llmstxt.org)."""
    docs, site = Path(config.docs_dir), Path(config.site_dir)
    lines = [f"# {config.site_name}", "", f"> {config.site_description}"]
    for section, pages in _sections(config.nav or []):
        lines += ["", f"## {section}", ""]
        for page in pages:
            source = docs / page if (docs / page).exists() else ROOT / "CHANGELOG.md"
            text = source.read_text(encoding="utf-8")
            target = site / page
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
            title, summary = _summary(text)
            lines.append(f"- [{title}]({page}){f': {summary}' if summary else ''}")
    (site / "llms.txt").write_text("\n".join([*lines, ""]), encoding="utf-8")


def _sections(nav: list[Any], title: str = "Start") -> Iterator[tuple[str, list[str]]]:
    """Yield the sections of the navigation with their pages; those inside others follow them."""
    pages = [entry for entry in nav if isinstance(entry, str)]
    if pages:
        yield title, pages
    for entry in nav:
        if isinstance(entry, dict):
            for name, inner in entry.items():
                yield from _sections(inner, name)


def _summary(page: str) -> tuple[str, str]:
    """Return the title of a page and the first sentence below it, without links and emphasis."""
    title = re.search(r"^# (.+)$", page, re.M)
    paragraph = re.search(r"^# .+\n+([A-Za-z`*\[](?:.+\n?)+)", page, re.M)
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", paragraph[1]) if paragraph else ""
    sentence = re.split(r"(?<=[.:;!?]) ", " ".join(text.replace("**", "").split()))[0]
    is_generated = sentence.startswith("`make docs` generates")  # says nothing about what the page is for
    return title[1] if title else "", "" if is_generated else sentence.rstrip(":;")


def _uri(path: str) -> str:
    return "changelog.md" if path == "CHANGELOG.md" else path
