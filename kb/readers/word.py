"""Word documents: what a reader of the page sees, turned into HTML by mammoth.

Mammoth reads hidden text and misses equations, text boxes and diagrams; the parts are mended before it reads them.
"""

import copy
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from kb.errors import DocumentUnreadable
from kb.readers import packages
from kb.readers.blocks import Block, counted
from kb.readers.hidden_runs import HiddenRuns
from kb.readers.html import read_html

#: A title stands above the headings, which Word counts from 1 all the same.
_STYLES = "\n".join(
    ["p[style-name='Title'] => h1:fresh", *(f"p[style-name='Heading {n}'] => h{n + 1}:fresh" for n in range(1, 6))]
)
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_M = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
_DIAGRAM = "{http://schemas.openxmlformats.org/drawingml/2006/diagram}relIds"
_DATA = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}dm"
_CHART = "{http://schemas.openxmlformats.org/drawingml/2006/chart}chart"


def read_word(data: bytes) -> Iterator[Block]:
    """Yield the blocks of a Word document: headings by style, lists, tables, notes, text boxes and equations.

    Hidden and deleted text, comments, headers, footers, charts and images are left out and counted.

    Raises:
        DocumentUnreadable: it is damaged.
    """
    import mammoth

    parts = packages.parts_of(data)
    left_out: Counter[str] = Counter()
    try:
        _mend(parts, left_out)
        page = mammoth.convert_to_html(
            packages.packed(parts),
            style_map=_STYLES,
            convert_image=mammoth.images.img_element(lambda _image: {"src": ""}),
        ).value
    except Exception:  # noqa: BLE001 - whatever a damaged file makes the library raise
        raise DocumentUnreadable("The Word document is damaged and cannot be opened.") from None
    if not page.strip():
        raise DocumentUnreadable("The Word document holds no text.")
    if "<h1" not in page:
        page = re.sub(r"<(/?)h([2-6])\b", lambda tag: f"<{tag[1]}h{int(tag[2]) - 1}", page)
    yield from read_html(page)
    yield from counted(left_out)


def _mend(parts: dict[str, bytes], left_out: Counter[str]) -> None:
    """Change the parts with text so that mammoth reads what is seen, and count what is not."""
    from lxml import etree

    name = next(iter(packages.related(parts, "", "officeDocument")), "word/document.xml")
    styles = [packages.xml(parts[entry]) for entry in packages.related(parts, name, "styles")]
    hidden = HiddenRuns(styles[0] if styles else None)
    notes = packages.related(parts, name, "footnotes") + packages.related(parts, name, "endnotes")
    for part in (name, *notes):
        root = packages.xml(parts[part])
        left_out["hidden_text"] += hidden.drop(root)
        left_out["deleted_text"] += _drop_deleted(root)
        _read_equations(root)
        _read_boxes(root)
        _read_diagrams(root, parts, part)
        left_out["charts"] += sum(1 for _ in root.iter(_CHART))
        left_out["images"] += sum(1 for _ in root.iter(f"{_A}blip", "{urn:schemas-microsoft-com:vml}imagedata"))
        parts[part] = etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True)
    for kind in ("header", "footer"):
        for part in packages.related(parts, name, kind):
            left_out["headers_and_footers"] += bool("".join(packages.xml(parts[part]).itertext()).strip())
    for part in packages.related(parts, name, "comments"):
        left_out["comments"] += sum(1 for _ in packages.xml(parts[part]).iter(f"{_W}comment"))


def _drop_deleted(root: Any) -> int:
    """Remove what was deleted or moved away with tracked changes; return how many stretches with text."""
    count = 0
    for node in list(root.iter(f"{_W}del", f"{_W}moveFrom")):
        if "".join(node.itertext()).strip():
            count += node.tag == f"{_W}del"
        parent = node.getparent()
        if parent is not None and parent.tag != f"{_W}rPr":  # there it is a mark of the paragraph
            parent.remove(node)
    return count


def _read_equations(root: Any) -> None:
    """Put runs with text in the places of equations."""
    for node in list(root.iter(f"{_M}oMath")):
        run = _run(_linear(node))
        node.getparent().replace(node, run)
    for node in list(root.iter(f"{_M}oMathPara")):
        parent, runs = node.getparent(), list(node.iterchildren(f"{_W}r"))
        at = parent.index(node)
        if parent.tag == f"{_W}body":
            paragraph = node.makeelement(f"{_W}p")
            paragraph.extend(runs)
            runs = [paragraph]
        parent[at : at + 1] = runs


def _linear(node: Any) -> str:
    """Return an equation in one line: fractions with a slash, powers with a circumflex."""
    name = node.tag.rpartition("}")[2] if isinstance(node.tag, str) else ""
    parts = {child.tag.rpartition("}")[2]: _linear(child) for child in node if isinstance(child.tag, str)}
    if name == "t":
        return node.text or ""
    if name == "f":
        return f"{_grouped(parts.get('num', ''))}/{_grouped(parts.get('den', ''))}"
    if name in ("sSup", "sSub"):
        sign = "^" if name == "sSup" else "_"
        return f"{parts.get('e', '')}{sign}{_grouped(parts.get('sup') or parts.get('sub', ''))}"
    if name == "rad":
        return f"{parts.get('deg', '')}√{_grouped(parts.get('e', ''))}"
    return "".join(_linear(child) for child in node if isinstance(child.tag, str))


def _grouped(text: str) -> str:
    return text if text.isalnum() else f"({text})"


def _read_boxes(root: Any) -> None:
    """Let the paragraphs of text boxes follow the paragraph that holds the box; mammoth reads those of a fallback."""
    for content in list(root.iter(f"{_W}txbxContent")):
        choice = next(content.iterancestors(f"{_MC}Choice"), None)
        if choice is not None and any(True for _ in choice.getparent().iter(f"{_MC}Fallback")):
            continue
        if not any(True for _ in content.iterancestors(f"{_W}drawing")):
            continue
        _after(content, [copy.deepcopy(child) for child in content])


def _read_diagrams(root: Any, parts: dict[str, bytes], name: str) -> None:
    """Let the texts of SmartArt follow the paragraph that holds it."""
    relations = packages.relations(parts, name)
    for node in list(root.iter(_DIAGRAM)):
        part = relations.get(node.get(_DATA, ""), ("", ""))[1]
        paragraphs = []
        for text in texts_of_diagram(parts.get(part)):
            paragraph = root.makeelement(f"{_W}p")
            paragraph.append(_run(text))
            paragraphs.append(paragraph)
        _after(node, paragraphs)


def texts_of_diagram(part: bytes | None) -> list[str]:
    """Return the texts of the points of SmartArt, from the part with its data."""
    if part is None:
        return []
    points = (
        entry for entry in packages.xml(part).iter() if isinstance(entry.tag, str) and entry.tag.endswith("/diagram}t")
    )
    texts = (" ".join("".join(text.text or "" for text in point.iter(f"{_A}t")).split()) for point in points)
    return [text for text in texts if text]


def _after(node: Any, added: list[Any]) -> None:
    holder = next(node.iterancestors(f"{_W}p"), None)
    if holder is not None:
        for element in reversed(added):
            holder.addnext(element)


def _run(text: str) -> Any:
    from lxml import etree

    run = etree.Element(f"{_W}r")
    inner = etree.SubElement(run, f"{_W}t")
    inner.text = text
    inner.set("{http://www.w3.org/XML/1998/namespace}space", "preserve")
    return run
