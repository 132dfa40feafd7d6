"""The voice of each workspace, in each kind of database."""

import pytest

from tests.support.fakes import TableClock
from worker.access.keys import Keys
from worker.voice import schema
from worker.voice.voice import DEFAULT_VOICE
from worker.voice.voices import VoiceChanged, Voices


def test_a_workspace_has_the_default_voice_until_it_sets_its_own(store, workspace_id):
    voices, other = Voices(store), Keys(store).workspace("other")
    assert voices.get(workspace_id) == DEFAULT_VOICE
    assert voices.row(workspace_id) is None

    mia = schema.load({"name": "Mia", "languages": ["en"], "channels": {"email": {"signature": "Mia"}}})
    voices.put(workspace_id, mia)
    assert voices.get(workspace_id) == mia
    assert voices.get(other) == DEFAULT_VOICE

    TableClock.advance(store, 5)
    voices.put(workspace_id, schema.load({"asks_back": False}))
    assert voices.get(workspace_id).to_api() == {**DEFAULT_VOICE.to_api(), "asks_back": False}
    assert voices.row(workspace_id).updated_at == store_time(store)


def store_time(store) -> int:
    with store.read() as connection:
        return store.now(connection)


def test_a_voice_replaces_only_the_one_that_was_read(store, workspace_id):
    voices = Voices(store)
    mia, max = (schema.load({"name": name}) for name in ("Mia", "Max"))
    voices.replace(workspace_id, mia, updated_at=None)
    with pytest.raises(VoiceChanged):
        voices.replace(workspace_id, max, updated_at=None)
    first = voices.row(workspace_id).updated_at
    voices.replace(workspace_id, mia, updated_at=first)  # within the same millisecond, and yet another version
    with pytest.raises(VoiceChanged):
        voices.replace(workspace_id, max, updated_at=first)
    assert voices.get(workspace_id) == mia
    voices.replace(workspace_id, max, updated_at=voices.row(workspace_id).updated_at)
    assert voices.get(workspace_id) == max
