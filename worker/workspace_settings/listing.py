"""The settings of a workspace as a list: each with its value, its default and where the value is from."""

from typing import Any

from worker.settings import Settings, masked
from worker.settings.overridable import OVERRIDABLE, JsonValue, Overridable
from worker.workspace_settings.overrides import Overrides

_URL = "openai_base_url"

#: Where a value is from.
SOURCES = ("workspace", "environment", "default")


def to_api(overrides: Overrides, defaults: Settings) -> dict[str, Any]:
    """Return the settings in the form of the API; secrets are left out, `is_set` says whether there is one."""
    return {
        "version": overrides.version,
        "items": [_item(setting, overrides, defaults) for setting in OVERRIDABLE.values()],
    }


def _item(setting: Overridable, overrides: Overrides, defaults: Settings) -> dict[str, Any]:
    default = getattr(defaults, setting.name)
    is_overridden = setting.name in overrides.names
    if setting.name == _URL and default is not None:
        default = masked(default)  # the operator's may have a password
    shown_default = None if setting.is_secret else setting.dump(default)
    value: JsonValue | None = shown_default
    if is_overridden:
        value = None if setting.is_secret else overrides.values[setting.name]
    elif setting.is_secret and _URL in overrides.values:
        default = None  # an endpoint of the workspace gets no key of the installation
    inherited = "default" if default == setting.built_in else "environment"
    return {
        "name": setting.name,
        "label": setting.label,
        "area": setting.area,
        "help": setting.help,
        "kind": setting.kind.value,
        "choices": list(setting.choices),
        "expected": setting.expected,
        "is_secret": setting.is_secret,
        "is_set": is_overridden or default not in (None, ()),
        "value": value,
        "default": shown_default,
        "source": "workspace" if is_overridden else inherited,
        "read_by": setting.reader,
        "variable": setting.env,
    }
