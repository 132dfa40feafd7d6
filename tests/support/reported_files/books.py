"""EPUB and notebooks."""

import json

from tests.support.reported_files import reported
from tests.support.reported_files.packages import archive

_CONTAINER = (
    '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container" version="1.0"><rootfiles>'
    '<rootfile full-path="{path}" media-type="application/oebps-package+xml"/></rootfiles></container>'
)


def _page(title: str, text: str) -> str:
    return f'<html xmlns="http://www.w3.org/1999/xhtml"><head><title>x</title></head><body><h1>{title}</h1><p>{text}</p></body></html>'


def _epub(
    items: tuple[tuple[str, str], ...],
    files: dict[str, str],
    *,
    package: str = "OEBPS/content.opf",
    spine: str = "",
    more: dict[str, str] | None = None,
) -> bytes:
    """Return a book: items of the manifest as (id, href), and files by path."""
    manifest = "".join(f'<item id="{id}" href="{href}" media-type="application/xhtml+xml"/>' for id, href in items)
    listed = spine or "".join(f'<itemref idref="{id}"/>' for id, _href in items)
    opf = (
        '<package xmlns="http://www.idpf.org/2007/opf" version="3.0"><metadata xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f"<dc:title>The handbook</dc:title></metadata><manifest>{manifest}</manifest><spine>{listed}</spine></package>"
    )
    return archive(
        {
            "mimetype": "application/epub+zip",
            "META-INF/container.xml": _CONTAINER.format(path=package),
            package: opf,
            **files,
            **(more or {}),
        }
    )


@reported(
    ".epub",
    "https://github.com/microsoft/markitdown/pull/2413",
    ["First chapter", "Pack it.", "Second chapter", "Send it."],
)
def name_with_a_space_in_the_manifest() -> bytes:
    return _epub(
        (("c1", "chapter%201.xhtml"), ("c2", "plain.xhtml")),
        {
            "OEBPS/chapter 1.xhtml": _page("First chapter", "Pack it."),
            "OEBPS/plain.xhtml": _page("Second chapter", "Send it."),
        },
    )


@reported(".epub", "https://github.com/virgiliojr94/book-to-skill/issues/230", ["First chapter", "Pack it."])
def name_with_a_fragment_in_the_manifest() -> bytes:
    return _epub((("c1", "c1.xhtml#section-2"),), {"OEBPS/c1.xhtml": _page("First chapter", "Pack it.")})


@reported(
    ".epub",
    "https://github.com/aerkalov/ebooklib/issues/281",
    ["First chapter", "Pack it."],
    counted={"unread_parts": 1},
)
def chapter_that_is_missing() -> bytes:
    return _epub((("c0", "gone.xhtml"), ("c1", "c1.xhtml")), {"OEBPS/c1.xhtml": _page("First chapter", "Pack it.")})


@reported(".epub", "https://github.com/wustho/epy/issues/20", ["First chapter", "Pack it."])
def chapter_above_the_package() -> bytes:
    return _epub((("c1", "../c1.xhtml"),), {"c1.xhtml": _page("First chapter", "Pack it.")})


@reported(".epub", "https://github.com/docling-project/docling/pull/4199", ["One", "Two", "Three"])
def order_of_the_spine() -> bytes:
    items = (("c3", "a.xhtml"), ("c1", "b.xhtml"), ("c2", "c.xhtml"))
    files = {
        "OEBPS/a.xhtml": _page("Three", "3."),
        "OEBPS/b.xhtml": _page("One", "1."),
        "OEBPS/c.xhtml": _page("Two", "2."),
    }
    return _epub(items, files, spine='<itemref idref="c1"/><itemref idref="c2"/><itemref idref="c3"/>')


@reported(".epub", "https://github.com/gaoxiaoliangz/epub-parser/pull/9", ["Le chapitre", "Envoyez-le."])
def name_in_another_script() -> bytes:
    return _epub(
        (("c1", "Text/Le%20chapitre%20%C3%A9.htm"),),
        {"OEBPS/Text/Le chapitre é.htm": _page("Le chapitre", "Envoyez-le.")},
    )


def _notebook(*cells: dict[str, object]) -> bytes:
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()


@reported(
    ".ipynb",
    "https://github.com/jupyter/nbformat/issues/361",
    ["How to export", "Press the button.", "export(all=True)"],
)
def sources_as_lists_and_as_text() -> bytes:
    return _notebook(
        {"cell_type": "markdown", "metadata": {}, "source": ["# How to export\n", "\n", "Press the button."]},
        {"cell_type": "code", "metadata": {}, "execution_count": 1, "outputs": [], "source": "export(all=True)"},
    )


@reported(
    ".ipynb",
    "https://github.com/microsoft/markitdown/pull/2285",
    ["print(total)", "42 orders"],
    lacks=["iVBOR"],
    counted={"images": 1},
)
def outputs_of_cells() -> bytes:
    outputs = [
        {"output_type": "stream", "name": "stdout", "text": ["42 orders\n"]},
        {"output_type": "display_data", "metadata": {}, "data": {"image/png": "iVBORw0KGgo="}},
    ]
    return _notebook(
        {"cell_type": "code", "metadata": {}, "execution_count": 1, "outputs": outputs, "source": ["print(total)"]}
    )


@reported(".ipynb", "https://github.com/jsvine/notebookjs/pull/2", ["Orders rise."])
def notebook_of_the_third_format() -> bytes:
    cell = {"cell_type": "markdown", "metadata": {}, "source": ["Orders rise."]}
    return json.dumps({"worksheets": [{"cells": [cell]}], "metadata": {}, "nbformat": 3, "nbformat_minor": 0}).encode()
