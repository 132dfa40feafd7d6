"""The connector of a folder on the worker's machine."""

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from kb.documents import MAX_BYTES, media_type_of
from kb.errors import DocumentTooLarge, DocumentUnreadable
from worker.sources.pages import wanted
from worker.sources.protocol import MAX_ITEMS, Gone, Json, Listing, Reading, Unlisted, fetched
from worker.store.rows import Source, SourceItem


def allowed_folder(location: str, roots: Sequence[str]) -> Path:
    """Return a folder, with its links resolved, that lies in one that the operator opened.

    Raises:
        DocumentUnreadable: it does not.
    """
    folder = Path(location).resolve()
    if not Path(location).is_absolute() or not any(folder.is_relative_to(Path(root).resolve()) for root in roots):
        raise DocumentUnreadable("The folder is not in one of ANSWERBACK_SOURCE_FOLDERS.")
    return folder


@dataclass(kw_only=True)
class Folder:
    """Files that can be read by their ending, also in folders inside; hidden ones do not count."""

    source: Source
    roots: Sequence[str]

    def listing(self, cursor: Json | None) -> Listing:
        """Return the files. A folder that is not there, such as one that is not mounted, fails as a whole."""
        del cursor
        folder = allowed_folder(self.source.location, self.roots)
        if not folder.is_dir():
            raise DocumentUnreadable("The folder is not there.")
        items: dict[str, str | None] = {}
        for path, stat in _files(folder):
            name = path.relative_to(folder).as_posix()
            if media_type_of(name) is None or not wanted(self.source.options, name):
                continue
            items[name] = f"{stat.st_mtime_ns}-{stat.st_ctime_ns}-{stat.st_size}"
            if len(items) > MAX_ITEMS:
                raise DocumentTooLarge(f"The folder holds more than {MAX_ITEMS:,} files.")
        return Listing(items=items, unlisted=Unlisted.GONE)

    def read(self, item: SourceItem) -> Reading:
        """Return a file."""
        folder = allowed_folder(self.source.location, self.roots)
        path = folder / item.key
        try:
            if not path.resolve().is_relative_to(folder):
                raise DocumentUnreadable("It leads out of the folder.")
            with path.open("rb") as file:
                data = file.read(MAX_BYTES + 1)
        except FileNotFoundError:
            return Gone()
        except OSError as error:
            raise DocumentUnreadable(f"It cannot be read: {error.strerror}.") from None
        return fetched(data, media_type=media_type_of(item.key) or "", name=str(path), file_name=item.key)

    def close(self) -> None:
        """Do nothing: no file is kept open."""


def _files(folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    def refuse(error: OSError) -> None:
        raise DocumentUnreadable(f"A folder cannot be read: {error.strerror}.")

    for parent, folders, names in os.walk(folder, onerror=refuse):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(parent, name)
            with suppress(FileNotFoundError):  # it may be removed meanwhile
                if not name.startswith(".") and path.is_file():
                    yield path, path.stat()
