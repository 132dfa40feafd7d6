"""Documents in a zip archive."""

import io
import lzma
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import PurePosixPath

from kb.documents import MAX_BYTES, is_text, media_type_of_file, title_from_name, title_of, url_of
from kb.errors import DocumentTooLarge, DocumentUnreadable, KnowledgeError
from worker.knowledge.library import NewDocument

_MAX_FILES = 5_000
_MAX_UNPACKED = 500 * 1024 * 1024

#: Errors of the libraries that unpack, for damaged or unsupported members.
_DAMAGES = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    OSError,
    ValueError,
    NotImplementedError,
    RuntimeError,
)


def files_of_archive(name: str, data: bytes, *, after: int = 0) -> Iterator[tuple[str, NewDocument | str]]:
    """Yield the files of a zip archive but the first `after`; each with its document, or the reason why it is none.

    Raises:
        DocumentUnreadable: it is damaged.
        DocumentTooLarge: it holds more than 5,000 files or unfolds to more than 500 MiB.
    """
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, ValueError, OSError):
        raise DocumentUnreadable("The archive is damaged.") from None
    with archive:
        parts = [part for part in archive.infolist() if not part.is_dir() and not _is_clutter(part.filename)]
        if len(parts) > _MAX_FILES or sum(part.file_size for part in parts) > _MAX_UNPACKED:
            raise DocumentTooLarge(
                f"The archive holds more than {_MAX_FILES:,} files or {_MAX_UNPACKED // 1024**2} MiB. Split it."
            )
        for part in parts[after:]:
            yield part.filename, _member(archive, part, name)


def _member(archive: zipfile.ZipFile, part: zipfile.ZipInfo, archive_name: str) -> NewDocument | str:
    media_type = media_type_of_file(part.filename)
    if media_type is None:
        return "unknown kind of file"
    if part.flag_bits & 1:
        return "The file is encrypted."
    if part.file_size > MAX_BYTES:
        return f"The document has {part.file_size:,} bytes; at most {MAX_BYTES:,} are accepted."
    try:
        with archive.open(part) as file:
            data = file.read(MAX_BYTES + 1)  # what the archive says of its size need not be true
        title = title_of(data, media_type=media_type, name=PurePosixPath(part.filename).name)
        url = url_of(data, media_type)
    except KnowledgeError as error:
        return str(error)
    except _DAMAGES:
        return "The file is damaged."
    return NewDocument(
        title=(title or title_from_name(part.filename))[:500],
        url=url,
        data=data,
        media_type=media_type,
        name=f"{archive_name}/{part.filename}",
        titled=is_text(media_type),
    )


def _is_clutter(name: str) -> bool:
    """Whether an archive's member is what file managers leave behind."""
    path = PurePosixPath(name)
    return "__MACOSX" in path.parts or path.name.startswith(".")
