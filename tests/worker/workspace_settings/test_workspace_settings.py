"""The settings of workspaces, in each kind of database."""

import pytest
import sqlalchemy as sa
from structlog.testing import capture_logs

from worker.access.keys import Keys
from worker.secret_box import SecretBox, SecretsUnreadable
from worker.settings import Settings
from worker.store.tables import workspace_settings as table
from worker.workspace_settings.overrides import MASK, SettingsRefused
from worker.workspace_settings.workspace_settings import SettingsChanged, WorkspaceSettings


def test_a_change_holds_at_once_in_another_process_and_for_no_other_workspace(make, store, workspace_id):
    writer, reader, other = make(), make(), Keys(store).workspace("other")
    assert reader.of(workspace_id) is reader.defaults
    writer.change(workspace_id, {"min_confidence": 0.6, "models": ["small"]})
    assert (reader.of(workspace_id).min_confidence, reader.of(workspace_id).models) == (0.6, ("small",))
    assert reader.of(workspace_id) is reader.of(workspace_id), "built once for a version"
    assert reader.of(other).min_confidence == 0.35
    writer.change(workspace_id, {"min_confidence": None})
    assert (reader.of(workspace_id).min_confidence, reader.of(workspace_id).models) == (0.35, ("small",))


def test_a_change_of_the_environment_reaches_the_workspaces_that_do_not_override_it(make, workspace_id):
    make().change(workspace_id, {"models": ["small"]})
    later = make(min_confidence=0.1, models=("huge",)).of(workspace_id)
    assert (later.min_confidence, later.models) == (0.1, ("small",))


def test_a_change_is_made_whole_or_not_at_all(make, workspace_id):
    settings = make()
    with pytest.raises(SettingsRefused):
        settings.change(workspace_id, {"use_tools": False, "min_confidence": 7})
    with pytest.raises(SettingsRefused):
        settings.change(workspace_id, {"use_tools": False, "answerer": "llm"})
    assert settings.version(workspace_id) == 0
    assert settings.of(workspace_id).use_tools is True


def test_two_people_do_not_overwrite_each_other(make, workspace_id):
    settings = make()
    settings.change(workspace_id, {"use_tools": False}, version=0)
    with pytest.raises(SettingsChanged):
        settings.change(workspace_id, {"redact_model": True}, version=0)
    settings.change(workspace_id, {"redact_model": True}, version=1)
    assert settings.version(workspace_id) == 2
    assert settings.change(workspace_id, {"redact_model": True}) == []
    assert settings.version(workspace_id) == 2, "nothing changed"


def test_a_secret_is_encrypted_in_the_database(make, store, workspace_id):
    settings = make()
    settings.change(workspace_id, {"openai_api_key": "sk-desk"})
    with store.read() as connection:
        stored = repr(connection.execute(sa.select(table)).all())
    assert "sk-desk" not in stored
    assert make().of(workspace_id).openai_api_key == "sk-desk"
    with pytest.raises(SettingsRefused, match="stands for a secret"):
        settings.change(workspace_id, {"openai_api_key": MASK})


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/v1",
        "https://inside.example/v1",
        "http://models.example/v1",
        "https://user@models.example",
    ],
)
def test_an_endpoint_of_a_workspace_may_not_lead_into_the_network_of_the_installation(make, workspace_id, url):
    with pytest.raises(SettingsRefused) as refused:
        make().change(workspace_id, {"openai_base_url": url})
    assert "openai_base_url" in refused.value.problems_by_field


def test_an_endpoint_may_be_where_the_operator_allows_it_and_where_that_of_the_installation_is(make, workspace_id):
    own = make(openai_base_url="http://127.0.0.1:11434/v1")
    own.change(workspace_id, {"openai_base_url": "http://open.example:8000/v1"})
    assert own.guard_of(own.of(workspace_id)) is own.guard
    own.change(workspace_id, {"openai_base_url": "http://127.0.0.1:11434/v1"})
    assert own.guard_of(own.of(workspace_id)) is None


def test_a_preview_shows_what_would_hold_and_stores_nothing(make, workspace_id):
    settings = make()
    would, changes = settings.preview(workspace_id, {"min_confidence": 0.9})
    assert (would.min_confidence, changes[0].after) == (0.9, 0.9)
    assert settings.version(workspace_id) == 0
    with pytest.raises(SettingsRefused):
        settings.preview(workspace_id, {"answerer": "llm"})


def test_one_value_is_read_without_the_key_of_secrets(make, store, box, guard, tmp_path, workspace_id):
    make().change(workspace_id, {"openai_api_key": "sk-desk", "conversation_url": "https://desk.example/{id}"})
    keyless = WorkspaceSettings(store, Settings(), SecretBox((), tmp_path / "none"), guard)
    with pytest.raises(SecretsUnreadable):
        keyless.of(workspace_id)
    assert keyless.value(workspace_id, "conversation_url") == "https://desk.example/{id}"
    assert keyless.value(workspace_id, "min_confidence") == 0.35
    with store.begin() as tx:
        tx.execute(table.update().values(overrides={"conversation_url": "nowhere"}))
    assert make(conversation_url="https://all.example/{id}").value(workspace_id, "conversation_url") == (
        "https://all.example/{id}"
    )


def test_what_another_version_stored_is_taken_back_and_not_set(make, store, workspace_id):
    settings = make()
    settings.change(workspace_id, {"use_tools": False})
    with store.begin() as tx:
        unknown = {"of_tomorrow": 1, "port": 80, "use_tools": False}
        tx.execute(table.update().values(overrides=unknown, secrets={"key_of_tomorrow": "sealed"}))
    assert settings.overrides(workspace_id).unknown == ("of_tomorrow", "port", "key_of_tomorrow")
    for refused in ({"of_tomorrow": 2}, {"of_yesterday": None}):
        with pytest.raises(SettingsRefused, match="no setting of this name"):
            settings.change(workspace_id, refused)
    back = dict.fromkeys(("of_tomorrow", "port", "key_of_tomorrow"))
    changes = settings.change(workspace_id, back)
    assert [(change.name, change.before, change.after) for change in changes] == [
        ("of_tomorrow", 1, None),
        ("port", 80, None),
        ("key_of_tomorrow", MASK, None),
    ]
    stored = settings.overrides(workspace_id)
    assert (stored.values, stored.secrets, stored.unknown) == ({"use_tools": False}, {}, ())


def test_a_value_that_no_longer_loads_keeps_nobody_elses_from_being_read(make, store, workspace_id):
    settings, other = make(), Keys(store).workspace("other")
    for id in (workspace_id, other):
        settings.change(id, {"resume_after_h": 24, "suggestions": False})
    broken = {"resume_after_h": 1e300, "suggestions": "perhaps"}
    with store.begin() as tx:
        tx.execute(table.update().where(table.c.workspace_id == workspace_id).values(overrides=broken))
    with capture_logs() as lines:
        assert settings.overriding("resume_after_h") == {other: 24.0}
    assert [line["workspace_id"] for line in lines if line["event"] == "setting_unreadable"] == [workspace_id]
    assert settings.where_on("suggestions").ids == {other}


def test_the_workspaces_that_want_something_are_found_at_once(make, store, workspace_id):
    settings, other = make(), Keys(store).workspace("other")
    assert settings.overriding("resume_after_h") == {}
    settings.change(workspace_id, {"resume_after_h": 24, "suggestions": False})
    settings.change(other, {"use_tools": False})
    assert settings.overriding("resume_after_h") == {workspace_id: 24.0}
    found = settings.where_on("suggestions")
    assert (found.ids, found.only) == ({workspace_id}, False)
    found = make(suggestions=False).where_on("suggestions")
    assert found.is_empty
    settings.change(other, {"suggestions": True})
    found = make(suggestions=False).where_on("suggestions")
    assert (found.ids, found.only) == ({other}, True)
