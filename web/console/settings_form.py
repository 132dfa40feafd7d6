"""The form of an area of the settings: the texts of its inputs, and the changes that they stand for."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from werkzeug.datastructures import MultiDict

from worker.settings.overridable import Kind, Overridable, in_area
from worker.workspace_settings.overrides import Overrides
from worker.workspace_settings.workspace_settings import WorkspaceSettings

_MAX_CHARACTERS = 4_000


@dataclass(frozen=True, kw_only=True)
class SettingsForm:
    """The content of a form of the settings; an empty text is the default.

    Attributes:
        texts: the texts of inputs by the name of the setting; those of secrets are empty.
        sealed: secrets that were typed and are not saved yet, sealed, by name.
        removed: the secrets to remove.
    """

    area: str
    texts: Mapping[str, str]
    sealed: Mapping[str, str] = field(default_factory=dict)
    removed: frozenset[str] = frozenset()

    @classmethod
    def of(cls, overrides: Overrides, area: str) -> "SettingsForm":
        """Return the form of what is stored."""
        return cls(
            area=area,
            texts={setting.name: _text(setting, overrides) for setting in in_area(area)},
        )

    @classmethod
    def sent(cls, inputs: MultiDict[str, str], area: str, settings: WorkspaceSettings, owner: str) -> "SettingsForm":
        """Return the form that a browser sent.

        A secret that was typed comes back sealed for its workspace, so that no page has it.

        Raises:
            SecretsUnreadable: a secret cannot be encrypted on this machine.
        """
        texts = {
            setting.name: inputs.get(setting.name, "").replace("\r\n", "\n").strip()[:_MAX_CHARACTERS]
            for setting in in_area(area)
        }
        sealed, removed = {}, set()
        for setting in in_area(area):
            if not setting.is_secret:
                continue
            typed, before = texts[setting.name], inputs.get(f"{setting.name}-sealed", "")
            texts[setting.name] = ""
            if typed:
                sealed[setting.name] = settings.seal(owner, setting.name, typed)
            elif inputs.get(f"{setting.name}-remove"):
                removed.add(setting.name)
            elif before:
                sealed[setting.name] = before
        return cls(area=area, texts=texts, sealed=sealed, removed=frozenset(removed))

    def without(self, name: str) -> "SettingsForm":
        """Return the form with the default of a setting."""
        return replace(self, texts={**self.texts, name: ""}) if name in self.texts else self

    def new(self, settings: WorkspaceSettings, owner: str) -> dict[str, Any]:
        """Return the values that the form stands for, by name; None is the default."""
        new: dict[str, Any] = {}
        for setting in in_area(self.area):
            name, text = setting.name, self.texts[setting.name]
            if not setting.is_secret:
                new[name] = setting.from_text(text) if text else None
            elif name in self.sealed:
                new[name] = settings.open(owner, name, self.sealed[name]) or ""
            elif name in self.removed:
                new[name] = None
        return new


def _text(setting: Overridable, overrides: Overrides) -> str:
    return "" if setting.is_secret else setting.to_text(overrides.values.get(setting.name))


def options(setting: Overridable) -> Mapping[str, str]:
    """Return the values of a select and their labels; empty where the setting has a text field."""
    if setting.kind == Kind.SWITCH:
        return {"on": "On", "off": "Off"}
    return {choice: choice.capitalize() for choice in setting.choices}
