"""Office packages, part by part, so that a file can have what no library writes."""

import io
import zipfile
from collections.abc import Mapping

_TYPES = """<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>
<Default Extension="xml" ContentType="application/xml"/><Default Extension="png" ContentType="image/png"/>{overrides}</Types>"""
_RELS = """<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{all}</Relationships>"""
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_CONTENT = "application/vnd.openxmlformats-officedocument"

WORD_NAMESPACES = (
    'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" '
    f'xmlns:r="{_OFFICE}" '
    'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math" '
    'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" '
    'xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing" '
    'xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape" '
    'xmlns:w14="http://schemas.microsoft.com/office/word/2010/wordml" '
    'xmlns:v="urn:schemas-microsoft-com:vml"'
)
SHEET_NAMESPACE = f'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="{_OFFICE}"'

STYLES = (
    f"<styleSheet {SHEET_NAMESPACE}><numFmts>{{formats}}</numFmts><fonts><font/></fonts>"
    "<fills><fill><patternFill/></fill></fills><borders><border/></borders><cellStyleXfs><xf/></cellStyleXfs>"
    "<cellXfs>{cells}</cellXfs></styleSheet>"
)


def archive(parts: Mapping[str, str | bytes]) -> bytes:
    """Return a zip archive of these parts."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as file:
        for name, part in parts.items():
            file.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), part)
    return made.getvalue()


def relations(*targets: tuple[str, str]) -> str:
    """Return a part of relationships: (type, target), as rId1, rId2 and so on."""
    return _RELS.format(
        all="".join(
            f'<Relationship Id="rId{number}" Type="{kind if ":" in kind else f"{_OFFICE}/{kind}"}" Target="{target}"/>'
            for number, (kind, target) in enumerate(targets, 1)
        )
    )


def word(
    body: str, *, parts: Mapping[str, str | bytes] | None = None, related: tuple[tuple[str, str], ...] = ()
) -> bytes:
    """Return a Word document with this body; `parts` go into `word/`, `related` are relationships of the document."""
    document = f"<w:document {WORD_NAMESPACES}><w:body>{body}<w:sectPr/></w:body></w:document>"
    overrides = f'<Override PartName="/word/document.xml" ContentType="{_CONTENT}.wordprocessingml.document.main+xml"/>'
    for kind in ("styles", "numbering", "footnotes", "endnotes", "comments", "header1", "footer1"):
        if f"{kind}.xml" in (parts or {}):
            content = f"{_CONTENT}.wordprocessingml.{kind.rstrip('1')}+xml"
            overrides += f'<Override PartName="/word/{kind}.xml" ContentType="{content}"/>'
    return archive(
        {
            "[Content_Types].xml": _TYPES.format(overrides=overrides),
            "_rels/.rels": relations(("officeDocument", "word/document.xml")),
            "word/document.xml": document,
            "word/_rels/document.xml.rels": relations(*related),
            **{f"word/{name}": part for name, part in (parts or {}).items()},
        }
    )


def paragraph(*runs: str, properties: str = "") -> str:
    """Return a paragraph of Word; what is no markup becomes a run of text."""
    made = "".join(run if run.startswith("<") else text_run(run) for run in runs)
    return f"<w:p>{f'<w:pPr>{properties}</w:pPr>' if properties else ''}{made}</w:p>"


def text_run(text: str, properties: str = "") -> str:
    """Return a run of Word with these properties."""
    return f'<w:r><w:rPr>{properties}</w:rPr><w:t xml:space="preserve">{text}</w:t></w:r>'


def book(
    *sheets: tuple[str, str],
    styles: str | None = STYLES.format(formats="", cells="<xf/>"),
    strings: str | None = None,
    states: Mapping[str, str] | None = None,
    properties: str = "",
    strings_part: str = "sharedStrings.xml",
) -> bytes:
    """Return a workbook; each sheet is (name, what stands inside `worksheet`)."""
    listed = "".join(
        f'<sheet name="{name}" sheetId="{number}" r:id="rId{number}"'
        f"{f' state={chr(34)}{(states or {})[name]}{chr(34)}' if name in (states or {}) else ''}/>"
        for number, (name, _content) in enumerate(sheets, 1)
    )
    overrides = f'<Override PartName="/xl/workbook.xml" ContentType="{_CONTENT}.spreadsheetml.sheet.main+xml"/>'
    related = []
    parts: dict[str, str | bytes] = {}
    for number, (_name, content) in enumerate(sheets, 1):
        parts[f"xl/worksheets/sheet{number}.xml"] = f"<worksheet {SHEET_NAMESPACE}>{content}</worksheet>"
        overrides += (
            f'<Override PartName="/xl/worksheets/sheet{number}.xml" '
            f'ContentType="{_CONTENT}.spreadsheetml.worksheet+xml"/>'
        )
        related.append(("worksheet", f"worksheets/sheet{number}.xml"))
    if styles is not None:
        parts["xl/styles.xml"] = styles
        related.append(("styles", "styles.xml"))
        overrides += f'<Override PartName="/xl/styles.xml" ContentType="{_CONTENT}.spreadsheetml.styles+xml"/>'
    if strings is not None:
        parts[f"xl/{strings_part}"] = f"<sst {SHEET_NAMESPACE}>{strings}</sst>"
        related.append(("sharedStrings", strings_part))
        overrides += (
            f'<Override PartName="/xl/{strings_part}" ContentType="{_CONTENT}.spreadsheetml.sharedStrings+xml"/>'
        )
    return archive(
        {
            "[Content_Types].xml": _TYPES.format(overrides=overrides),
            "_rels/.rels": relations(("officeDocument", "xl/workbook.xml")),
            "xl/workbook.xml": f"<workbook {SHEET_NAMESPACE}>{properties}<sheets>{listed}</sheets></workbook>",
            "xl/_rels/workbook.xml.rels": relations(*related),
            **parts,
        }
    )


def rows(*lines: tuple[object, ...], before: str = "<sheetData>", after: str = "</sheetData>") -> str:
    """Return rows of a sheet; a cell is text, a number, None, or markup that is taken as it is."""
    made = []
    for number, line in enumerate(lines, 1):
        cells = []
        for column, value in enumerate(line):
            at = f"{chr(65 + column)}{number}"
            if isinstance(value, str) and value.startswith("<c"):
                cells.append(value.replace("<c", f'<c r="{at}"', 1))
            elif isinstance(value, str):
                cells.append(f'<c r="{at}" t="inlineStr"><is><t>{value}</t></is></c>')
            elif value is not None:
                cells.append(f'<c r="{at}"><v>{value}</v></c>')
        made.append(f'<row r="{number}">{"".join(cells)}</row>')
    return before + "".join(made) + after


def strict(package: bytes) -> bytes:
    """Return a package with the namespaces of strict Office Open XML (ISO/IEC 29500 Strict)."""
    pairs = (
        ("http://schemas.openxmlformats.org/spreadsheetml/2006/main", "http://purl.oclc.org/ooxml/spreadsheetml/main"),
        (
            "http://schemas.openxmlformats.org/wordprocessingml/2006/main",
            "http://purl.oclc.org/ooxml/wordprocessingml/main",
        ),
        (_OFFICE, "http://purl.oclc.org/ooxml/officeDocument/relationships"),
        ("http://schemas.openxmlformats.org/drawingml/2006/main", "http://purl.oclc.org/ooxml/drawingml/main"),
    )
    parts = {}
    with zipfile.ZipFile(io.BytesIO(package)) as file:
        for name in file.namelist():
            text = file.read(name).decode()
            for transitional, namespace in pairs:
                text = text.replace(transitional, namespace)
            parts[name] = text
    return archive(parts)
