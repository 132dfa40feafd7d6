"""The settings of a workspace as a YAML file, for those who keep it under version control.

    format: 1
    settings:
      models: [large, small]
      openai_api_key: {keep: true}      # or {env: NAME_OF_A_VARIABLE}

A file has all that the workspace overrides: what it leaves out has its default. Secrets are never written into it.
`keep` leaves the secret that is stored; `env` takes it from a variable of the environment in which the file is applied.
"""

from collections.abc import Mapping
from typing import Any

import yaml

from worker.errors import Invalid
from worker.settings.overridable import OVERRIDABLE
from worker.workspace_settings.overrides import Overrides, SettingsRefused

_FORMAT = 1
_HEAD = """\
# What a workspace overrides; everything else has its default.
# `answerback settings apply FILE` makes it so. A secret is {keep: true}, or {env: NAME} for a variable that has it.
"""


def write(overrides: Overrides) -> str:
    """Return overrides as a file."""
    values, secrets = overrides.values, overrides.secrets
    settings = {name: {"keep": True} if name in secrets else values[name] for name in overrides.names}
    body = yaml.safe_dump({"format": _FORMAT, "settings": settings}, sort_keys=False, allow_unicode=True, width=100)
    return _HEAD + str(body)


def read(text: str, stored: Overrides, *, environ: Mapping[str, str]) -> dict[str, Any]:
    """Return the changes (for `WorkspaceSettings.change`) that make the stored overrides those of a file.

    Raises:
        Invalid: the text is no such file.
        SettingsRefused: a secret is written into it, or cannot be found.
    """
    settings = _settings(text)
    new: dict[str, Any] = {name: None for name in stored.names if name not in settings}
    problems = {}
    for name, value in settings.items():
        setting = OVERRIDABLE.get(name)
        if setting is None or not setting.is_secret:
            new[name] = value
        elif value == {"keep": True}:
            if name not in stored.secrets:
                problems[name] = (
                    "There is no secret to keep: give {env: NAME}, or set it with `answerback settings set`."
                )
        elif isinstance(value, dict) and set(value) == {"env"} and isinstance(value["env"], str):
            new[name] = environ.get(value["env"], "").strip()
            if not new[name]:
                problems[name] = f"The variable {value['env']} is not set."
        else:
            problems[name] = "A secret is {keep: true} or {env: NAME}; it does not stand in a file."
    if problems:
        raise SettingsRefused(problems)
    return new


def _settings(text: str) -> dict[str, Any]:
    try:
        given = yaml.safe_load(text)
    except yaml.YAMLError as error:
        problem = " ".join(str(error).split())
        raise Invalid(f"The file is not YAML: {problem}.") from None
    if not isinstance(given, dict) or set(given) - {"format", "settings"} or "settings" not in given:
        raise Invalid("The file must have `format: 1` and `settings`, as `answerback settings export` writes it.")
    if given.get("format") != _FORMAT:
        raise Invalid(f"The file has format {given.get('format')!r}, and this version reads format {_FORMAT}.")
    settings = given["settings"] or {}
    if not isinstance(settings, dict) or not all(isinstance(name, str) for name in settings):
        raise Invalid("`settings` must be values by name.")
    if empty := [name for name, value in settings.items() if value is None]:
        raise Invalid(f"No value is given of {', '.join(empty)}: leave a setting out to give it its default.")
    return settings
