"""The schemas of the settings follow the registry."""

from web.schemas.settings import Setting, SettingsChange
from worker.settings.overridable import OVERRIDABLE
from worker.settings.settings import Settings
from worker.workspace_settings.listing import to_api
from worker.workspace_settings.overrides import Overrides


def test_a_change_has_a_field_of_its_type_for_every_setting():
    fields = SettingsChange().fields
    assert set(fields) == set(OVERRIDABLE)
    assert fields["use_tools"].metadata["type"] == "boolean"
    assert fields["verifier"].metadata["enum"] == ["local", "judge", None]
    assert fields["openai_api_key"].metadata["writeOnly"] is True


def test_each_setting_is_described_as_it_is_sent():
    items = to_api(Overrides(), Settings())["items"]
    assert Setting(many=True).dump(items) == items
    assert Setting(many=True).validate(items) == {}
