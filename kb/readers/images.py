"""Text in images, by tesseract where it is installed."""

import shutil
import subprocess
from collections.abc import Iterator

from kb.errors import DocumentUnreadable
from kb.readers.blocks import Block

_TIMEOUT_S = 30


def read_image(data: bytes) -> Iterator[Block]:
    """Yield the paragraphs that optical character recognition finds in an image.

    Raises:
        DocumentUnreadable: tesseract is not installed, cannot read the image in 30 s, or finds no text.
    """
    program = shutil.which("tesseract")
    if program is None:
        raise DocumentUnreadable("Text in images can be read only where tesseract is installed.")
    try:
        done = subprocess.run(
            [program, "stdin", "stdout"], input=data, capture_output=True, timeout=_TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired:
        raise DocumentUnreadable(f"The image could not be read within {_TIMEOUT_S} s.") from None
    if done.returncode:
        raise DocumentUnreadable("The image is damaged and cannot be read.")
    found = done.stdout.decode(errors="replace")
    if not found.strip():
        raise DocumentUnreadable("No text was found in the image.")
    for paragraph in found.split("\n\n"):
        yield "text", 0, " ".join(paragraph.split()), ""
