"""Word documents and slides, and the limits on unpacking any Office file."""

import io
import re
import zipfile
from collections.abc import Iterator

from kb.errors import DocumentTooLarge, DocumentUnreadable
from kb.readers.blocks import Block
from kb.readers.html import read_html

_MAX_UNPACKED = 200 * 1024 * 1024
_MAX_PARTS = 10_000

#: A title stands above the headings, which Word counts from 1 all the same.
_STYLES = "\n".join(
    ["p[style-name='Title'] => h1:fresh", *(f"p[style-name='Heading {n}'] => h{n + 1}:fresh" for n in range(1, 6))]
)


def check_archive(data: bytes) -> None:
    """Look at how large the parts of an Office file say they are, before any is unpacked.

    Raises:
        DocumentUnreadable: it is damaged or encrypted.
        DocumentTooLarge: it unfolds to over 200 MiB or 10,000 parts.
    """
    try:
        parts = zipfile.ZipFile(io.BytesIO(data)).infolist()
    except (zipfile.BadZipFile, ValueError, OSError):
        raise DocumentUnreadable("The file is damaged: it is not a whole Office document.") from None
    if any(part.flag_bits & 1 for part in parts):
        raise DocumentUnreadable("The file is encrypted; send it without a password.")
    if len(parts) > _MAX_PARTS or sum(part.file_size for part in parts) > _MAX_UNPACKED:
        raise DocumentTooLarge(f"The file unfolds to more than {_MAX_UNPACKED // 1024**2} MiB.")


def read_word(data: bytes) -> Iterator[Block]:
    """Yield the blocks of a Word document: headings by style, lists, tables; no images, comments or headers.

    Raises:
        DocumentUnreadable: it is damaged.
    """
    import mammoth

    try:
        page = mammoth.convert_to_html(
            io.BytesIO(data), style_map=_STYLES, convert_image=mammoth.images.img_element(lambda _image: {"src": ""})
        ).value
    except Exception:  # noqa: BLE001 - whatever a damaged file makes the library raise
        raise DocumentUnreadable("The Word document is damaged and cannot be opened.") from None
    if not page.strip():
        raise DocumentUnreadable("The Word document holds no text.")
    if "<h1" not in page:
        page = re.sub(r"<(/?)h([2-6])\b", lambda tag: f"<{tag[1]}h{int(tag[2]) - 1}", page)
    yield from read_html(page)


def read_slides(data: bytes) -> Iterator[Block]:
    """Yield a section for each visible slide, under its title, with the anchor `slide-N`; notes are left out.

    Raises:
        DocumentUnreadable: it is damaged.
    """
    import pptx

    try:
        slides = list(pptx.Presentation(io.BytesIO(data)).slides)
    except Exception:  # noqa: BLE001 - whatever a damaged file makes the library raise
        raise DocumentUnreadable("The presentation is damaged and cannot be opened.") from None
    for number, slide in enumerate(slides, 1):
        if slide._element.get("show") == "0":  # the library has no name for hidden slides
            continue
        title = slide.shapes.title
        named = title.text_frame.text.strip() if title is not None else ""
        yield "heading", 2, named or f"Slide {number}", f"slide-{number}"
        for shape in slide.shapes:
            if shape.has_text_frame and (title is None or shape.shape_id != title.shape_id):
                paragraphs = [" ".join(paragraph.text.split()) for paragraph in shape.text_frame.paragraphs]
                for paragraph in filter(None, paragraphs):
                    yield "line" if len(paragraphs) > 1 else "text", 0, paragraph, ""
            elif shape.has_table:
                for row in shape.table.rows:
                    cells = [" ".join(cell.text.split()) for cell in row.cells]
                    yield "line", 0, " | ".join(filter(None, cells)), ""
