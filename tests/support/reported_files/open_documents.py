"""OpenDocument: texts, spreadsheets and slides."""

from tests.support.reported_files import reported
from tests.support.reported_files.packages import archive

_NAMESPACES = " ".join(
    f'xmlns:{prefix}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
    for prefix, name in (
        ("office", "office"),
        ("text", "text"),
        ("table", "table"),
        ("draw", "drawing"),
        ("style", "style"),
        ("presentation", "presentation"),
        ("svg", "svg-compatible"),
        ("fo", "xsl-fo-compatible"),
    )
)
_KINDS = {"text": "text", "spreadsheet": "spreadsheet", "presentation": "presentation"}


def open_document(kind: str, body: str, *, styles: str = "", common: str = "") -> bytes:
    """Return an OpenDocument of a kind: what stands in its body, its automatic styles, and `office:master-styles`."""
    head = f'<?xml version="1.0" encoding="UTF-8"?><office:document-content {_NAMESPACES} office:version="1.3">'
    content = (
        f"{head}<office:automatic-styles>{styles}</office:automatic-styles>"
        f"<office:body><office:{kind}>{body}</office:{kind}></office:body></office:document-content>"
    )
    media_type = f"application/vnd.oasis.opendocument.{_KINDS[kind]}"
    manifest = (
        '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0" manifest:version="1.3">'
        f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{media_type}"/>'
        '<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/>'
        '<manifest:file-entry manifest:full-path="styles.xml" manifest:media-type="text/xml"/></manifest:manifest>'
    )
    return archive(
        {
            "mimetype": media_type,
            "content.xml": content,
            "styles.xml": f"<office:document-styles {_NAMESPACES}>{common}</office:document-styles>",
            "META-INF/manifest.xml": manifest,
        }
    )


def spreadsheet(rows: str, *, styles: str = "", table: str = "") -> bytes:
    """Return a spreadsheet of one sheet with these rows; `table` are attributes of the sheet."""
    body = f'<table:table table:name="Sheet"{table}>{rows}</table:table>'
    return open_document("spreadsheet", body, styles=styles)


_PRICE = ' office:value-type="float" office:value="9"'
_THREE = ' table:number-columns-repeated="3"'


def _cell(text: str, attributes: str = "") -> str:
    return f"<table:table-cell{attributes}><text:p>{text}</text:p></table:table-cell>"


@reported(
    ".odt",
    "https://github.com/dbashford/textract/issues/164",
    ["Returns", "One", "two", "three"],
    lacks=["two three three"],
)
def heading_and_paragraphs() -> bytes:
    body = (
        '<text:h text:outline-level="1">Returns</text:h><text:p>One</text:p><text:p>two</text:p><text:p>three</text:p>'
    )
    return open_document("text", body)


@reported(
    ".odt",
    "https://github.com/webodf/WebODF/issues/71",
    ["The fee is 5 euros."],
    lacks=["4 euros"],
    counted={"deleted_text": 1},
)
def tracked_deletion() -> bytes:
    changes = (
        '<text:tracked-changes><text:changed-region text:id="c1"><text:deletion><text:p>4 euros</text:p></text:deletion>'
        "</text:changed-region></text:tracked-changes>"
    )
    return open_document("text", changes + '<text:p>The fee is <text:change text:change-id="c1"/>5 euros.</text:p>')


@reported(
    ".odt",
    "https://github.com/yfedoseev/office_oxide/issues/305",
    ["Refunds take five days."],
    lacks=["500 euros"],
    counted={"hidden_text": 1},
)
def hidden_text() -> bytes:
    style = (
        '<style:style style:name="T1" style:family="text"><style:text-properties text:display="none"/></style:style>'
    )
    body = '<text:p>Refunds take five days.<text:span text:style-name="T1"> Internal: up to 500 euros.</text:span></text:p>'
    return open_document("text", body, styles=style)


@reported(
    ".odt",
    "https://github.com/Bevel-Software/Hexis/pull/86",
    ["Call us by   phone", "or write."],
    lacks=["byphone", "phoneor"],
)
def spaces_tabs_and_line_breaks() -> bytes:
    return open_document(
        "text", '<text:p>Call us by<text:s text:c="3"/>phone<text:line-break/>or<text:tab/>write.</text:p>'
    )


@reported(
    ".odt",
    "https://github.com/dbashford/textract/issues/192",
    ["Refunds."],
    lacks=["ACME"],
    counted={"headers_and_footers": 1},
)
def page_header() -> bytes:
    common = (
        '<office:master-styles><style:master-page style:name="Standard"><style:header><text:p>ACME</text:p></style:header>'
        "</style:master-page></office:master-styles>"
    )
    return open_document("text", "<text:p>Refunds.</text:p>", common=common)


@reported(
    ".odt",
    "https://github.com/AlJohri/docx2pdf/pull/119",
    ["Refunds take five days."],
    lacks=["lawyers"],
    counted={"comments": 1},
)
def comment_in_the_margin() -> bytes:
    note = "<office:annotation><text:p>Ask the lawyers.</text:p></office:annotation>"
    return open_document("text", f"<text:p>Refunds {note}take five days.</text:p>")


@reported(
    ".odt", "https://github.com/ankushshah89/python-docx2txt/issues/12", ["Pack it.", "Send it.", "Only in the EU."]
)
def list_and_footnote() -> bytes:
    note = (
        '<text:note text:note-class="footnote"><text:note-citation>1</text:note-citation>'
        "<text:note-body><text:p>Only in the EU.</text:p></text:note-body></text:note>"
    )
    items = f"<text:list-item><text:p>Pack it.</text:p></text:list-item><text:list-item><text:p>Send it.{note}</text:p></text:list-item>"
    return open_document("text", f"<text:list>{items}</text:list>")


@reported(".odt", "https://github.com/mwilliamson/mammoth.js/issues/447", ["Service", "Price", "Express", "9"])
def table_of_a_text() -> bytes:
    rows = "".join(
        f"<table:table-row>{_cell(a)}{_cell(b)}</table:table-row>" for a, b in (("Service", "Price"), ("Express", "9"))
    )
    return open_document("text", f"<text:p>Prices</text:p><table:table>{rows}</table:table>")


@reported(".ods", "https://github.com/Bevel-Software/Hexis/pull/86", ["Service", "Express", "9.00 €"])
def cells_repeated_a_million_times() -> bytes:
    return spreadsheet(
        f"<table:table-row>{_cell('Service')}{_cell('Price')}"
        '<table:table-cell table:number-columns-repeated="16382"/></table:table-row>'
        f"<table:table-row>{_cell('Express')}"
        f"{_cell('9.00 €', _PRICE)}</table:table-row>"
        '<table:table-row table:number-rows-repeated="1048574"><table:table-cell table:number-columns-repeated="16384"/>'
        "</table:table-row>"
    )


@reported(".ods", "https://github.com/Bevel-Software/Hexis/pull/89", ["A", "same", "same", "same", "end"])
def cell_repeated_three_times() -> bytes:
    row = f"<table:table-row>{_cell('A')}{_cell('same', _THREE)}{_cell('end')}</table:table-row>"
    return spreadsheet(row)


@reported(
    ".ods",
    "https://github.com/dathere/qsv/issues/2969",
    ["Express"],
    lacks=["Hidden row"],
    counted={"hidden_rows": 1},
)
def hidden_row_of_a_spreadsheet() -> bytes:
    return spreadsheet(
        f"<table:table-row>{_cell('Service')}</table:table-row>"
        f'<table:table-row table:visibility="collapse">{_cell("Hidden row")}</table:table-row>'
        f"<table:table-row>{_cell('Express')}</table:table-row>"
    )


@reported(
    ".ods",
    "https://github.com/yfedoseev/office_oxide/issues/193",
    ["Seen"],
    lacks=["SECRET"],
    counted={"hidden_sheets": 1},
)
def hidden_sheet_of_a_spreadsheet() -> bytes:
    style = '<style:style style:name="ta2" style:family="table"><style:table-properties table:display="false"/></style:style>'
    hidden = f'<table:table table:name="Old" table:style-name="ta2"><table:table-row>{_cell("SECRET")}</table:table-row></table:table>'
    seen = f'<table:table table:name="New"><table:table-row>{_cell("Seen")}</table:table-row></table:table>'
    return open_document("spreadsheet", seen + hidden, styles=style)


@reported(
    ".odp",
    "https://github.com/Bevel-Software/Hexis/pull/86",
    ["Returns", "Free for 30 days."],
    lacks=["outlet"],
    counted={"notes": 1},
)
def slide_with_notes() -> bytes:
    body = (
        '<draw:page draw:name="page1"><draw:frame presentation:class="title"><draw:text-box><text:p>Returns</text:p>'
        "</draw:text-box></draw:frame><draw:frame><draw:text-box><text:p>Free for 30 days.</text:p></draw:text-box>"
        "</draw:frame><presentation:notes><draw:frame><draw:text-box><text:p>Do not mention the outlet.</text:p>"
        "</draw:text-box></draw:frame></presentation:notes></draw:page>"
    )
    return open_document("presentation", body)


@reported(
    ".odp",
    "https://github.com/harshankur/officeParser/issues/106",
    ["PLAIN", "IN_GROUP"],
    lacks=["HIDDEN"],
    counted={"hidden_slides": 1},
)
def group_and_a_hidden_slide() -> bytes:
    style = (
        '<style:style style:name="dp2" style:family="drawing-page">'
        '<style:drawing-page-properties presentation:visibility="hidden"/></style:style>'
    )

    def shape(text: str) -> str:
        return f"<draw:custom-shape><text:p>{text}</text:p></draw:custom-shape>"

    body = (
        f'<draw:page draw:name="p1">{shape("PLAIN")}<draw:g>{shape("IN_GROUP")}</draw:g></draw:page>'
        f'<draw:page draw:name="p2" draw:style-name="dp2">{shape("HIDDEN")}</draw:page>'
    )
    return open_document("presentation", body, styles=style)
