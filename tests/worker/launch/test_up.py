"""What `answerback up` prepares before anything runs, once and no more."""

import os
import shutil
from dataclasses import replace

import pytest

from kb import shipped
from worker.access.keys import Keys
from worker.errors import StartupFailed
from worker.launch.local_server import key_file
from worker.launch.up import locked, prepare_database, prepare_model
from worker.settings import Settings
from worker.store.engine import open_store


@pytest.fixture
def settings(tmp_path):
    return Settings(home=tmp_path / "home")


def opens(settings, key):
    """Whether a key opens the default workspace."""
    store = open_store(settings.database, pool_size=1)
    try:
        keys = Keys(store)
        return keys.check(key).workspace_id == keys.workspace()
    finally:
        store.close()


def test_the_first_start_makes_a_key_that_only_its_owner_can_read(settings):
    made = prepare_database(settings)
    assert key_file(settings).read_text() == f"{made}\n"
    assert key_file(settings).stat().st_mode & 0o777 == 0o600
    assert opens(settings, made)


def test_the_next_start_keeps_the_key(settings):
    made = prepare_database(settings)
    assert prepare_database(settings) is None
    assert key_file(settings).read_text() == f"{made}\n"


def test_a_key_that_was_kept_opens_a_new_database(settings, tmp_path):
    made = prepare_database(settings)
    there = replace(settings, home=tmp_path / "there")
    there.home.mkdir()
    shutil.copy(key_file(settings), key_file(there))
    assert prepare_database(there) is None
    assert opens(there, made)


def test_a_key_of_the_settings_is_written_nowhere(settings):
    given = replace(settings, api_key="a-key-of-the-settings-0123456789")
    assert prepare_database(given) is None
    assert opens(given, given.api_key)
    assert not key_file(given).exists()


def test_one_home_is_held_by_one_process_until_it_ends(settings):
    with locked(settings), pytest.raises(StartupFailed, match=f"process {os.getpid()}"), locked(settings):
        pass
    with locked(settings) as again:
        assert again.name.endswith("run/lock")


def test_a_model_that_ships_is_used_without_a_word(settings):
    said = []
    prepare_model(settings, say=said.append)
    assert said == []


def test_a_damaged_model_ends_the_start(settings, tmp_path):
    copy = settings.home / "models" / "damaged"
    shutil.copytree(shipped.folder(), copy)
    (copy / "tokenizer.json").write_text("{}")
    damaged = replace(settings, model_dir=copy.parent, embedding_model="damaged")
    with pytest.raises(StartupFailed):
        prepare_model(damaged, say=lambda _line: None)
