"""Backups of the embedded default: one file that holds the database and what was published; taken while it runs.

    manifest.json        version of the tables, when it was taken, and a sha256 of every other file
    answerback.db        the database, as it was at one moment
    snapshots/…          the versions of knowledge bases that answer
    api-key              the key that was made at the first start, if one was
    secret-key           the key that encrypts the secrets of workspaces, if one was made

Left out is what is made anew: sessions, hints, models. A rebuilt session comes from the database, and what waits there
is found without a hint.
"""

import json
import os
import shutil
import sqlite3
import tarfile
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

from kb.errors import KnowledgeError
from kb.files import sha256_of, sync
from kb.manifest import read_manifest, verify_files
from worker.errors import StartupFailed
from worker.settings import Settings, sqlite_url
from worker.store import migrate
from worker.store.engine import open_store

_DATABASE = "answerback.db"
_MANIFEST = "manifest.json"
_KEYS = ("api-key", "secret-key")
_FORMAT = 1
_TRIES = 3

#: What a home holds besides; a restore leaves the models and removes the rest.
_OUTDATED = (_DATABASE, f"{_DATABASE}-wal", f"{_DATABASE}-shm", f"{_DATABASE}.turn", "snapshots", "valkey", *_KEYS)


class BackupInvalid(StartupFailed):
    """The file is no backup, or it is damaged; nothing was changed."""

    code = "backup_invalid"


def backup(settings: Settings, file: Path) -> dict[str, Any]:
    """Write a backup to `file`, which appears complete or not at all; return its manifest.

    Raises:
        StartupFailed: the database is not the embedded one, or there is none yet.
    """
    home = _home(settings)
    if not (home / _DATABASE).exists():
        raise StartupFailed(f"There is no database in {home}: set ANSWERBACK_HOME to the folder that has one.")
    file = file.absolute()
    file.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=file.parent, prefix=".backup-") as staged:
        folder = Path(staged)
        for _ in range(_TRIES):
            left_out = _copy(home, settings, folder)
            if not left_out:
                break
            time.sleep(0.5)  # another version may have been published meanwhile
        _leave_out(folder / _DATABASE, left_out)
        manifest: dict[str, Any] = {
            "format": _FORMAT,
            "tables": _tables(folder / _DATABASE),
            "left_out": [version for _, version in left_out],
            "taken_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "sha256": {str(path.relative_to(folder)): sha256_of(path) for path in _files(folder)},
        }
        (folder / _MANIFEST).write_text(json.dumps(manifest, indent=1))
        packed = folder / "packed.tar.gz"
        with tarfile.open(packed, "w:gz", compresslevel=3) as archive:
            for path in [folder / _MANIFEST, *(folder / name for name in manifest["sha256"])]:
                archive.add(path, arcname=str(path.relative_to(folder)))
        packed.chmod(0o600)
        sync(packed)
        os.replace(packed, file)
    return manifest


def restore(settings: Settings, file: Path, *, replace: bool = False) -> dict[str, Any]:
    """Put what a backup holds into the home; return its manifest. What the home held stands aside as `before-…`.

    Raises:
        BackupInvalid: the file cannot be used.
        StartupFailed: the installation runs, the home has a database and `replace` is not said, or the backup is of a
            later version.
    """
    from worker.launch.up import locked

    home = _home(settings)
    if not file.is_file():
        raise BackupInvalid(f"{file} is not there; nothing was changed.")
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    with locked(settings), _unpacked(file, home) as (folder, manifest):
        held = [home / name for name in _OUTDATED if (home / name).exists()]
        if (home / _DATABASE).exists() and not replace:
            raise StartupFailed(
                f"{home} has a database already: say --replace to put it aside, or set ANSWERBACK_HOME to another one."
            )
        if manifest["tables"] not in migrate.known():
            raise StartupFailed(
                f"The backup is of a later version (tables {manifest['tables']}): install that version first."
            )
        _require_unused(home / _DATABASE)
        _outdate_sessions(folder / _DATABASE)
        moves = []
        if held:
            aside = home / f"before-{datetime.now(UTC).strftime('%Y%m%dT%H%M%S%f')}"
            aside.mkdir(mode=0o700)
            moves = [(path, aside / path.name) for path in held]
        # The database last: with it, it is.
        packed = sorted(folder.iterdir(), key=lambda file: file.name == _DATABASE)
        _move([*moves, *((path, home / path.name) for path in packed)])
        (home / "sample-ingested").touch()  # what was there is known; nothing is added to it
    return manifest


def _move(moves: list[tuple[Path, Path]]) -> None:
    """Rename files and folders, all of them or none."""
    done: list[tuple[Path, Path]] = []
    try:
        for source, other in moves:
            source.rename(other)
            done.append((source, other))
    except OSError as error:
        for source, other in reversed(done):
            other.rename(source)
        raise StartupFailed(f"{error.filename} cannot be moved ({error.strerror}); nothing was changed.") from None


def _home(settings: Settings) -> Path:
    if not settings.embedded_database:
        raise StartupFailed(
            "The database is not the embedded one: back it up with its own tools (pg_dump), and rebuild what is "
            "published from it with `answerback snapshots rebuild`."
        )
    return settings.home.absolute()


def _copy(home: Path, settings: Settings, folder: Path) -> list[tuple[str, str]]:
    """Copy the database at one moment, and the versions that answer at that moment.

    Returns:
        workspace and version of those that are not whole.
    """
    for left in (folder / _DATABASE, folder / "snapshots"):
        shutil.rmtree(left) if left.is_dir() else left.unlink(missing_ok=True)
    with (
        closing(sqlite3.connect(f"{(home / _DATABASE).as_uri()}?mode=ro", uri=True)) as source,
        closing(sqlite3.connect(folder / _DATABASE)) as target,
    ):
        source.backup(target)  # in one step: SQLite begins anew whenever somebody writes between two
        target.execute("PRAGMA journal_mode = DELETE")
        active = target.execute(
            "SELECT id, snapshot_version FROM workspace WHERE snapshot_version IS NOT NULL"
        ).fetchall()
        target.execute(  # earlier versions are not in the backup, so nobody can go back to them
            "DELETE FROM snapshot WHERE (workspace_id, version) NOT IN (SELECT id, snapshot_version FROM workspace)"
        )
        target.commit()
    left_out = []
    for workspace_id, version in active:
        copied = folder / "snapshots" / workspace_id / version
        try:
            shutil.copytree(settings.snapshots_folder / workspace_id / version, copied)
            verify_files(copied, read_manifest(copied))
        except (OSError, KnowledgeError):
            shutil.rmtree(copied, ignore_errors=True)
            left_out.append((workspace_id, version))
    for key in _KEYS:
        if (home / key).exists():
            shutil.copy2(home / key, folder / key)
    return left_out


def _leave_out(database: Path, left_out: list[tuple[str, str]]) -> None:
    """Let versions that are not in the backup be built anew from the documents, which are."""
    with closing(sqlite3.connect(database)) as connection:
        for workspace_id, version in left_out:
            connection.execute("DELETE FROM snapshot WHERE workspace_id = ? AND version = ?", (workspace_id, version))
            connection.execute("UPDATE workspace SET snapshot_version = NULL WHERE id = ?", (workspace_id,))
        connection.commit()


def _outdate_sessions(database: Path) -> None:
    """Let no session that an outer Redis keeps of what was said since pass for what is restored."""
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("UPDATE conversation SET history = history + 1000000")
        connection.commit()


@contextmanager
def _unpacked(file: Path, home: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Yield a folder with what a backup holds, checked, and its manifest."""
    with tempfile.TemporaryDirectory(dir=home, prefix=".restore-") as staged:
        folder = Path(staged)
        try:
            _unpack(file, folder)
            manifest: dict[str, Any] = json.loads((folder / _MANIFEST).read_text())
            (folder / _MANIFEST).unlink()
            found = {str(path.relative_to(folder)): sha256_of(path) for path in _files(folder)}
            whole = manifest["format"] == _FORMAT and _DATABASE in found and found == manifest["sha256"]
        except FileNotFoundError as error:
            raise BackupInvalid(f"{error.filename or file} is not there; nothing was changed.") from None
        except (tarfile.TarError, OSError, EOFError, ValueError, KeyError, TypeError) as error:
            cause = next(iter(str(error).splitlines()), type(error).__name__)
            raise BackupInvalid(f"{file} is no backup, or it is damaged ({cause}); nothing was changed.") from None
        if not whole or _tables(folder / _DATABASE) != manifest["tables"]:
            raise BackupInvalid(f"{file} is damaged: its files are not those that were packed; nothing was changed.")
        yield folder, manifest


def _require_unused(database: Path) -> None:
    """Raise while any process has the database open: what it wrote later would be lost."""
    if not database.exists():
        return
    with closing(sqlite3.connect(database, timeout=1.0)) as connection:
        try:
            connection.execute("PRAGMA journal_mode = DELETE")  # which only who is alone may
        except sqlite3.OperationalError:
            raise StartupFailed(f"{database} is in use: stop the web server and the workers, then try again.") from None
        except sqlite3.DatabaseError:
            return  # it is no database any more


def _unpack(file: Path, folder: Path) -> None:
    """Write the files of an archive into a folder, and nothing else: Python's own filter came with 3.11.4."""
    with tarfile.open(file) as archive:
        for member in archive:
            name = PurePosixPath(member.name)
            source = archive.extractfile(member) if member.isfile() else None
            if source is None or name.is_absolute() or ".." in name.parts:
                raise ValueError(f"{member.name} does not belong in one")
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            with source, target.open("xb") as written:
                shutil.copyfileobj(source, written)
            target.chmod(0o600)


def _tables(database: Path) -> str | None:
    store = open_store(sqlite_url(database), pool_size=1)
    try:
        return migrate.current(store)
    finally:
        store.close()
        for name in (f"{_DATABASE}.turn", f"{_DATABASE}-wal", f"{_DATABASE}-shm"):
            (database.parent / name).unlink(missing_ok=True)


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())
