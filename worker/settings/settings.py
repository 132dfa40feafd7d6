"""Every setting, read once from the environment."""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import Field, dataclass, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from kb import shipped
from kb.encoding import AS_CONFIGURED, Overrides
from worker.budgets import Budget
from worker.errors import SettingsInvalid
from worker.settings import parsers
from worker.settings.accounts import AccountSettings
from worker.settings.answering import AnsweringSettings
from worker.settings.conversations import ConversationSettings
from worker.settings.installation import InstallationSettings
from worker.settings.integrations import IntegrationSettings
from worker.settings.web import WebSettings

#: The settings by subject, in the order in which docs/settings.md shows them.
SUBJECTS = (
    InstallationSettings,
    WebSettings,
    AccountSettings,
    AnsweringSettings,
    ConversationSettings,
    IntegrationSettings,
)

#: Settings that were removed, with what to do instead: to ignore one would change what is answered.
REMOVED = {
    "ANSWERBACK_MIN_RELEVANCE": "set ANSWERBACK_GATE_COVERAGE (a share of answerable questions) or "
    "ANSWERBACK_GATE_RISK (a probability), which hold for every embedding model, or neither.",
}


@dataclass(frozen=True, kw_only=True)
class Settings(
    InstallationSettings,
    WebSettings,
    AccountSettings,
    AnsweringSettings,
    ConversationSettings,
    IntegrationSettings,
):
    """The settings of every process; `docs/settings.md` is made from it."""

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> "Settings":
        """Read the settings; an empty variable counts as unset.

        Raises:
            SettingsInvalid: with one sentence for each problem, all of them at once.
        """
        environ = os.environ if environ is None else environ
        values: dict[str, Any] = {}
        problems = [f"{name} is no longer known: {instead}" for name, instead in REMOVED.items() if environ.get(name)]
        for setting in fields(cls):
            text = environ.get(setting.metadata["env"], "").strip()
            if not text:
                continue
            try:
                values[setting.name] = setting.metadata["parse"](text)
            except (ValueError, KeyError):
                problems.append(_problem(setting, text))
        if not problems:
            problems = cls(**values).contradictions()
        if problems:
            raise SettingsInvalid(problems)
        return cls(**values)

    @property
    def console_address(self) -> str:
        """The address of the console, as people reach it."""
        return (self.console_url or f"{self.web_address}/console").rstrip("/")

    def contradictions(self) -> list[str]:
        """Return a sentence for each value that another one excludes."""
        problems = []
        if self.answerer == "llm" and not (self.openai_api_key or self.openai_base_url):
            problems.append("ANSWERBACK_ANSWERER is `llm`, which needs OPENAI_API_KEY or OPENAI_BASE_URL.")
        if self.flower_auth is not None and ":" not in self.flower_auth:
            problems.append("ANSWERBACK_FLOWER_AUTH must be `user:password`.")
        if self.api_key is not None and len(self.api_key) < 16:
            problems.append("ANSWERBACK_API_KEY must have at least 16 characters.")
        if self.embedding_url is not None:
            problems += self._endpoint_contradictions()
        judge = [self.chosen_judge] if self.chosen_judge else []
        problems += self._unpriced("ANSWERBACK_BUDGETS", self.budgets, [*self.models, *judge])
        problems += self._unpriced("ANSWERBACK_JUDGE_BUDGETS", self.judge_budgets, judge)
        problems += self._sign_on_contradictions()
        for name, keys in (("SESSION_KEYS", self.session_keys), ("SECRET_KEYS", self.secret_keys)):
            if not all(re.fullmatch(r"[A-Za-z0-9_-]{43}=", key) for key in keys):
                problems.append(f"ANSWERBACK_{name} must be Fernet keys: 32 bytes in URL-safe base64.")
        return problems

    def _sign_on_contradictions(self) -> list[str]:
        """Return the problems of the settings of single sign-on."""
        problems = []
        if self.oidc_issuer is not None and self.oidc_client_id is None:
            problems.append("ANSWERBACK_OIDC_ISSUER needs ANSWERBACK_OIDC_CLIENT_ID.")
        if self.oidc_issuer is None and not self.passwords:
            problems.append("ANSWERBACK_PASSWORDS is off, so ANSWERBACK_OIDC_ISSUER has to name a provider.")
        if "openid" not in self.oidc_scopes:
            problems.append("ANSWERBACK_OIDC_SCOPES must have `openid`.")
        local = urlsplit(self.oidc_issuer or "").hostname in ("localhost", "127.0.0.1", "::1")
        if (self.oidc_issuer or "https:").startswith("http:") and not local:
            problems.append("ANSWERBACK_OIDC_ISSUER must begin with https://, unless it is on this machine.")
        return problems

    def _endpoint_contradictions(self) -> list[str]:
        """Return the settings that an endpoint of embeddings lacks."""
        problems = []
        if self.embedding_dimensions is None:
            problems.append(
                "ANSWERBACK_EMBEDDING_URL needs ANSWERBACK_EMBEDDING_DIMENSIONS, the length of its vectors."
            )
        if self.embedding_model == shipped.MODEL:
            problems.append("ANSWERBACK_EMBEDDING_URL needs ANSWERBACK_EMBEDDING_MODEL: the model's name there.")
        if self.embedding_precision != shipped.PRECISION:
            problems.append("ANSWERBACK_EMBEDDING_PRECISION is of models that run here, not of an endpoint's.")
        return problems

    def _unpriced(self, name: str, budgets: Sequence[Budget], models: Sequence[str]) -> list[str]:
        """Return the models that a budget in dollars would count as free."""
        if all(budget.unit != "usd" for budget in budgets):
            return []
        priced = {model for model, _prompt, _completion in self.prices}
        missing = [model for model in dict.fromkeys(models) if model not in priced]
        return (
            [f"{name} is in US dollars, but ANSWERBACK_PRICES has no price of {', '.join(missing)}."] if missing else []
        )

    @property
    def redis_connections(self) -> int:
        """Connections to Redis that one process opens at most."""
        return self.answer_concurrency + self.web_threads + 50

    @property
    def models_folder(self) -> Path:
        """Where exported embedding models are kept."""
        return self.model_dir or self.home.absolute() / "models"

    @property
    def exported_folder(self) -> Path:
        """Where `answerback model export` keeps the configured embedding model."""
        return self.folder_of_model(self.embedding_model)

    def folder_of_model(self, model: str) -> Path:
        """Return where an embedding model is kept once it is exported, given its name."""
        return self.models_folder / re.sub(r"[^\w.-]+", "_", model)

    @property
    def embedding_overrides(self) -> Overrides:
        """The overrides of prompts and dimensions for the embedding model that runs here."""
        if self.embedding_url is not None:  # they are those of the endpoint's model
            return AS_CONFIGURED
        return Overrides(
            query_prompt=self.embedding_query_prompt,
            passage_prompt=self.embedding_passage_prompt,
            dimensions=self.embedding_dimensions,
        )

    @property
    def embedding_folder(self) -> Path:
        """Where the embedding model that runs here is: exported, or else where it ships.

        Beside an endpoint it is the one that ships: it chooses sentences and recognises messages, which takes more
        vectors than an endpoint could be asked for.
        """
        if self.embedding_url is not None:
            return shipped.folder()
        exported = self.exported_folder
        if (exported / "manifest.json").exists() or not shipped.ships(self.embedding_model, self.embedding_precision):
            return exported
        return shipped.folder()

    @property
    def support_folder(self) -> Path | None:
        """Where the configured support model is kept; None for the one that ships with the project."""
        if self.support_model is None:
            return None
        return self.models_folder / "support" / re.sub(r"[^\w.-]+", "_", self.support_model)

    @property
    def with_demo(self) -> bool:
        """Whether there is a page that shows the widget."""
        return self.embedded_database if self.demo is None else self.demo


def _problem(setting: "Field[Any]", text: str) -> str:
    parse = setting.metadata["parse"]
    expected = parsers.EXPECTED.get(parse) or parse.__doc__ or "valid"
    value = "its value" if not setting.repr else repr(text)
    return f"{setting.metadata['env']} must be {expected}, not {value}."
