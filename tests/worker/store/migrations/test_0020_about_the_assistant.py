"""Migration 0020 keeps voices, on its way up and down."""

from alembic import command

from tests.support.databases import move, rows, run
from worker.store import migrate
from worker.voice.voices import Voices

BEFORE, AFTER = "0019", "0020"


def test_an_upgrade_keeps_voices_and_a_downgrade_forgets_only_what_they_say_about_the_assistant(store):
    move(store, command.upgrade, BEFORE)
    run(
        store,
        "INSERT INTO workspace (id, name, callback_secret, created_at) VALUES ('w', 'w', 's', 1)",
        "INSERT INTO voice (workspace_id, name, max_sentences, languages, avoided_topics, channels, updated_at)"
        " VALUES ('w', 'Ada', 3, '[\"de\"]', '[]', '{}', 1)",
    )
    move(store, command.upgrade, AFTER)
    assert rows(store, "SELECT name, max_sentences, about FROM voice") == [("Ada", 3, None)]
    run(store, 'UPDATE voice SET about = \'{"name": "I am Ada."}\'')
    move(store, command.downgrade, BEFORE)
    assert rows(store, "SELECT name, max_sentences FROM voice") == [("Ada", 3)]
    migrate.upgrade(store)
    assert rows(store, "SELECT name, about FROM voice") == [("Ada", None)]
    kept = Voices(store).get("w")
    assert (kept.name, kept.languages, dict(kept.about)) == ("Ada", ("de",), {})
