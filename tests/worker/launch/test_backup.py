"""Backups: what was known is known again, elsewhere; and a restore takes nothing away."""

import errno
import sqlite3
import tarfile
import threading
from pathlib import Path

import pytest

from tests.support import commands
from tests.support.stack import environment, prepare, services
from worker.conversations.intake import Opening, Submission
from worker.errors import StartupFailed
from worker.knowledge.library import NewDocument
from worker.launch.backup import BackupInvalid, backup, restore
from worker.launch.up import locked
from worker.settings import Settings


@pytest.fixture
def env(tmp_path, models, valkey_url):
    made = environment(tmp_path / "home", valkey_url, models, ANSWERBACK_REDIS_PREFIX=f"{tmp_path.name}:")
    prepare(made)
    (tmp_path / "home" / "api-key").write_text("ab_kept\n")
    (tmp_path / "home" / "secret-key").write_text("of secrets\n")
    return made


def moved(env, tmp_path, name="elsewhere"):
    return {**env, "ANSWERBACK_HOME": str(tmp_path / name)}


def say(env, text):
    with services(env) as built:
        submission = Submission(content=text, deadline_s=60)
        return built.intake.submit(built.keys.workspace(), Opening(), submission).message["id"]


def said(env):
    with services(env) as built, built.store.read() as connection:
        return connection.exec_driver_sql("SELECT content FROM message ORDER BY id").scalars().all()


def publish(env, title, text, workspace="default"):
    with services(env) as built:
        workspace_id = built.keys.workspace(workspace)
        new = NewDocument(title=title, data=text.encode(), media_type="text/markdown")
        built.library.add(workspace_id, new)
        built.indexer.index(workspace_id)


def test_one_command_backs_up_and_one_restores(env, tmp_path):
    say(env, "How do I reset my password?")
    publish(env, "Old", "Parcels arrive within two days.")
    publish(env, "Cookies", "You can delete cookies in the browser.")
    file = tmp_path / "backups" / "today.tar.gz"
    taken = commands.invoke("backup", str(file), env=env)
    assert taken.returncode == 0, taken.stderr
    assert file.stat().st_mode & 0o077 == 0
    there = moved(env, tmp_path)
    restored = commands.invoke("restore", str(file), env=there)
    assert restored.returncode == 0, restored.stderr
    assert said(there) == ["How do I reset my password?"]
    assert (tmp_path / "elsewhere" / "api-key").read_text() == "ab_kept\n"
    assert (tmp_path / "elsewhere" / "secret-key").read_text() == "of secrets\n"
    with services(there) as built:
        workspace_id = built.keys.workspace()
        found = built.snapshot_cache.search(workspace_id, "How do I delete cookies?", limit=1)
        assert found.hits[0].record.title == "Cookies"
        (kept,) = built.library.snapshots(workspace_id)  # what answers; others cannot be gone back to
        assert kept["active"]


def test_a_snapshot_that_is_not_whole_costs_no_backup(env, tmp_path):
    say(env, "Kept")
    publish(env, "Cookies", "You can delete cookies in the browser.")
    for damaged in (tmp_path / "home" / "snapshots").glob("*/*/passages.jsonl"):
        damaged.write_bytes(b"")
    taken = commands.invoke("backup", str(tmp_path / "a.tar.gz"), env=env)
    assert taken.returncode == 0, taken.stderr
    assert "builds it anew" in taken.stdout
    there = moved(env, tmp_path)
    restore(Settings.from_env(there), tmp_path / "a.tar.gz")
    assert said(there) == ["Kept"]
    with services(there) as built:
        workspace_id = built.keys.workspace()
        assert built.library.snapshots(workspace_id) == []
        assert workspace_id in built.library.sweep()  # an ingest worker will see that it is missing


def test_a_snapshot_that_is_not_whole_costs_no_other_workspace_its_own(env, tmp_path):
    publish(env, "Cookies", "You can delete cookies in the browser.")
    publish(env, "Cookies", "You can delete cookies in the browser.", workspace="other")
    with services(env) as built:
        damaged = tmp_path / "home" / "snapshots" / built.keys.workspace("other")
    for one in damaged.glob("*/passages.jsonl"):
        one.write_bytes(b"")
    backup(Settings.from_env(env), tmp_path / "a.tar.gz")
    there = moved(env, tmp_path)
    restore(Settings.from_env(there), tmp_path / "a.tar.gz")
    with services(there) as built:
        assert [one["active"] for one in built.library.snapshots(built.keys.workspace())] == [True]
        assert built.library.snapshots(built.keys.workspace("other")) == []


def test_a_restore_that_cannot_put_a_file_in_its_place_changes_nothing(env, tmp_path, monkeypatch):
    say(env, "Kept")
    backup(Settings.from_env(env), tmp_path / "a.tar.gz")
    say(env, "Later")
    before = sorted(path.name for path in (tmp_path / "home").iterdir())
    rename = Path.rename

    def busy(self, target):
        if self.name == "answerback.db" and ".restore-" in str(self):
            raise OSError(errno.EBUSY, "Device or resource busy", str(self))
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", busy)
    with pytest.raises(StartupFailed, match="nothing was changed"):
        restore(Settings.from_env(env), tmp_path / "a.tar.gz", replace=True)
    monkeypatch.undo()
    assert said(env) == ["Kept", "Later"]
    after = sorted(path.name for path in (tmp_path / "home").iterdir() if not path.name.startswith("before-"))
    assert set(before) - {"answerback.db-wal", "answerback.db-shm"} <= set(after)


def test_no_session_of_what_is_undone_passes_for_current(env, tmp_path):
    say(env, "Kept")
    backup(Settings.from_env(env), tmp_path / "a.tar.gz")
    there = moved(env, tmp_path)
    restore(Settings.from_env(there), tmp_path / "a.tar.gz")
    with services(there) as built, built.store.read() as connection:
        assert connection.exec_driver_sql("SELECT history FROM conversation").scalar() >= 1_000_000


def test_a_folder_is_no_file_to_write_a_backup_to(env, tmp_path):
    refused = commands.invoke("backup", str(tmp_path), env=env)
    assert (refused.returncode, "is a directory" in refused.stderr) == (2, True)


def test_a_home_that_anything_has_open_is_left_alone(env, tmp_path):
    settings = Settings.from_env(env)
    say(env, "Before")
    backup(settings, tmp_path / "a.tar.gz")
    with services(env) as built, built.store.read() as connection:
        connection.exec_driver_sql("SELECT 1 FROM message")
        with pytest.raises(StartupFailed, match="in use"):
            restore(settings, tmp_path / "a.tar.gz", replace=True)
    assert said(env) == ["Before"]


def test_a_home_may_be_called_anything(tmp_path, models, valkey_url):
    made = environment(tmp_path / "a#b ?%20c", valkey_url, models, ANSWERBACK_REDIS_PREFIX=f"{tmp_path.name}:")
    prepare(made)
    say(made, "Kept")
    backup(Settings.from_env(made), tmp_path / "a.tar.gz")
    there = moved(made, tmp_path)
    restore(Settings.from_env(there), tmp_path / "a.tar.gz")
    assert said(there) == ["Kept"]


def test_what_is_written_meanwhile_is_in_it_wholly_or_not_at_all(env, tmp_path):
    for number in range(20):
        say(env, f"Message {number} " + "x" * 20_000)
    with services(env) as built, built.store.begin() as tx:
        tx.exec_driver_sql("CREATE TABLE filler AS SELECT randomblob(20000000) AS data")  # many pages
    stop = threading.Event()
    written = list(range(20))

    def write():
        while not stop.is_set():
            written.append(say(env, f"Message {len(written)}"))

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for number in range(3):
            backup(Settings.from_env(env), tmp_path / f"{number}.tar.gz")
    finally:
        stop.set()
        writer.join()
    there = moved(env, tmp_path)
    restore(Settings.from_env(there), tmp_path / "2.tar.gz")
    with sqlite3.connect(tmp_path / "elsewhere" / "answerback.db") as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        halves = "SELECT count(*) FROM message LEFT JOIN event ON event.message_id = message.id WHERE event.id IS NULL"
        assert database.execute(halves).fetchone() == (0,)
    assert [one.split()[1] for one in said(there)] == [str(number) for number in range(len(said(there)))]
    assert len(said(there)) > 20


def test_a_home_that_is_used_is_not_overwritten_by_mistake(env, tmp_path):
    settings = Settings.from_env(env)
    say(env, "Before")
    backup(settings, tmp_path / "a.tar.gz")
    say(env, "After")
    with pytest.raises(StartupFailed, match="--replace"):
        restore(settings, tmp_path / "a.tar.gz")
    assert said(env) == ["Before", "After"]
    restore(settings, tmp_path / "a.tar.gz", replace=True)
    assert said(env) == ["Before"]
    (aside,) = (tmp_path / "home").glob("before-*")
    assert said({**env, "ANSWERBACK_HOME": str(aside)}) == ["Before", "After"]


def test_a_running_installation_is_left_alone(env, tmp_path):
    settings = Settings.from_env(env)
    backup(settings, tmp_path / "a.tar.gz")
    with locked(settings), pytest.raises(StartupFailed, match="already runs"):
        restore(settings, tmp_path / "a.tar.gz", replace=True)


@pytest.mark.parametrize("damage", ["cut", "flipped", "garbage", "missing", "foreign", "traversal", "changed"])
def test_a_damaged_backup_changes_nothing(env, tmp_path, damage):
    settings = Settings.from_env(env)
    say(env, "Before")
    file = tmp_path / "a.tar.gz"
    backup(settings, file)
    data = bytearray(file.read_bytes())
    if damage == "cut":
        file.write_bytes(data[: len(data) // 2])
    elif damage == "flipped":
        data[len(data) // 2] ^= 0xFF
        file.write_bytes(data)
    elif damage == "garbage":
        file.write_bytes(b"no archive")
    elif damage == "missing":
        file.unlink()
    else:
        folder = tmp_path / "folder"
        with tarfile.open(file) as archive:
            archive.extractall(folder)
        if damage == "changed":
            (folder / "api-key").write_text("ab_forged\n")
        with tarfile.open(file, "w:gz") as archive:
            for path in sorted(folder.rglob("*")) if damage != "foreign" else [folder / "api-key"]:
                if path.is_file():
                    name = "../../outside" if damage == "traversal" and path.name == "api-key" else None
                    archive.add(path, arcname=name or str(path.relative_to(folder)))
    with pytest.raises(BackupInvalid, match="nothing was changed"):
        restore(settings, file, replace=True)
    assert said(env) == ["Before"]
    assert not (tmp_path / "outside").exists()
    assert not list((tmp_path / "home").glob(".restore-*"))
    assert not list((tmp_path / "home").glob("before-*"))


def test_a_backup_of_a_later_version_is_refused(env, tmp_path):
    with sqlite3.connect(tmp_path / "home" / "answerback.db") as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    file = tmp_path / "a.tar.gz"
    backup(Settings.from_env(env), file)
    with pytest.raises(StartupFailed, match="later version"):
        restore(Settings.from_env(moved(env, tmp_path)), file)


def test_another_database_is_backed_up_with_its_own_tools(env, tmp_path):
    there = Settings.from_env({**env, "ANSWERBACK_DATABASE_URL": "postgresql://db.example/answerback"})
    for do in (backup, restore):
        with pytest.raises(StartupFailed, match="pg_dump"):
            do(there, tmp_path / "a.tar.gz")
    with pytest.raises(StartupFailed, match="no database"):
        backup(Settings.from_env(moved(env, tmp_path, "empty")), tmp_path / "a.tar.gz")
