"""Every setting, read once from the environment."""

import os
import re
from collections.abc import Mapping
from dataclasses import Field, dataclass, fields
from pathlib import Path
from typing import Any

from worker.errors import SettingsInvalid
from worker.settings import parsers
from worker.settings.answering import AnsweringSettings
from worker.settings.conversations import ConversationSettings
from worker.settings.installation import InstallationSettings
from worker.settings.integrations import IntegrationSettings
from worker.settings.web import WebSettings

#: The settings by subject, in the order in which docs/settings.md shows them.
SUBJECTS = (InstallationSettings, WebSettings, AnsweringSettings, ConversationSettings, IntegrationSettings)


@dataclass(frozen=True, kw_only=True)
class Settings(InstallationSettings, WebSettings, AnsweringSettings, ConversationSettings, IntegrationSettings):
    """The settings of every process; `docs/settings.md` is made from it."""

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> "Settings":
        """Read the settings; an empty variable counts as unset.

        Raises:
            SettingsInvalid: with one sentence for each problem, all of them at once.
        """
        environ = os.environ if environ is None else environ
        values: dict[str, Any] = {}
        problems: list[str] = []
        for setting in fields(cls):
            text = environ.get(setting.metadata["env"], "").strip()
            if not text:
                continue
            try:
                values[setting.name] = setting.metadata["parse"](text)
            except (ValueError, KeyError):
                problems.append(_problem(setting, text))
        if not problems:
            problems = cls(**values)._contradictions()
        if problems:
            raise SettingsInvalid(problems)
        return cls(**values)

    def _contradictions(self) -> list[str]:
        problems = []
        if self.answerer == "llm" and not (self.openai_api_key or self.openai_base_url):
            problems.append("ANSWERBACK_ANSWERER is `llm`, which needs OPENAI_API_KEY or OPENAI_BASE_URL.")
        if self.flower_auth is not None and ":" not in self.flower_auth:
            problems.append("ANSWERBACK_FLOWER_AUTH must be `user:password`.")
        if self.api_key is not None and len(self.api_key) < 16:
            problems.append("ANSWERBACK_API_KEY must have at least 16 characters.")
        if any(budget.unit == "usd" for budget in self.budgets):
            priced = {model for model, _prompt, _completion in self.prices}
            problems += [
                f"ANSWERBACK_BUDGETS is in US dollars, but ANSWERBACK_PRICES has no price of {model}."
                for model in self.models
                if model not in priced
            ]
        for key in self.session_keys:
            if not re.fullmatch(r"[A-Za-z0-9_-]{43}=", key):
                problems.append("ANSWERBACK_SESSION_KEYS must be Fernet keys: 32 bytes in URL-safe base64.")
                break
        return problems

    @property
    def redis_connections(self) -> int:
        """Connections to Redis that one process opens at most."""
        return self.answer_concurrency + self.web_threads + 50

    @property
    def models_folder(self) -> Path:
        """Where exported embedding models are kept."""
        return self.model_dir or self.home.absolute() / "models"

    @property
    def embedding_folder(self) -> Path:
        """Where the configured embedding model is kept."""
        return self.models_folder / re.sub(r"[^\w.-]+", "_", self.embedding_model)

    @property
    def with_demo(self) -> bool:
        """Whether there is a page that shows the widget."""
        return self.embedded_database if self.demo is None else self.demo


def _problem(setting: "Field[Any]", text: str) -> str:
    parse = setting.metadata["parse"]
    expected = parsers.EXPECTED.get(parse) or parse.__doc__ or "valid"
    value = "its value" if not setting.repr else repr(text)
    return f"{setting.metadata['env']} must be {expected}, not {value}."
