"""Checks of what answers are made from."""

import shlex
import time
from collections.abc import Callable, Sized
from pathlib import Path

import sqlalchemy as sa

from worker.access.keys import DEFAULT_WORKSPACE
from worker.checks.check import Check
from worker.checks.databases import open_existing
from worker.errors import SettingsInvalid, StartupFailed
from worker.settings import Settings, masked
from worker.store.tables import workspace

_TIMEOUT_S = 5.0

#: Seconds that a model may take for each of three calls; one that reasons first takes longer than others.
_PROBE_TIMEOUT_S = 30.0


def rules(settings: Settings) -> Check:
    """The rules of the desk can be read."""

    def ask() -> str:
        from worker.answering.triage.rules import load

        return f"{_count(load, settings.rules)} rules"

    return Check(name="rules", run=ask, why="They say what is handed off in any case.")


def tools(settings: Settings) -> Check:
    """The tools of the desk, if there are any, can be read."""

    def ask() -> str:
        from worker.answering.desk_tools import load_desk_tools

        try:
            declared = load_desk_tools(settings)
        except SettingsInvalid as error:
            raise StartupFailed(" ".join(error.problems)) from None
        servers = f", and those of {', '.join(server.name for server in declared.servers)}" if declared.servers else ""
        return f"{len(declared.tools)} tools{servers}"

    return Check(name="tools", run=ask, why="They are what the language model may ask for.")


def _count(load: Callable[[Path | None], Sized], path: Path | None) -> int:
    """Return how many entries a file of the desk has; StartupFailed names everything that is wrong with it."""
    try:
        return len(load(path))
    except SettingsInvalid as error:
        raise StartupFailed(" ".join(error.problems)) from None


def model(settings: Settings) -> Check:
    """The embedding model was exported, and its bytes are the ones that were."""

    def ask() -> str:
        from kb.embedding import precision_of, verify

        if settings.embedding_url is not None:
            verify(settings.embedding_folder, precision=settings.embedding_precision)
            where = masked(settings.embedding_url)
            return f"{settings.embedding_model} at {where}, {settings.embedding_dimensions} dimensions"
        overrides = settings.embedding_overrides
        manifest = verify(settings.embedding_folder, precision=settings.embedding_precision, overrides=overrides)
        how = manifest.get("served_by") or precision_of(manifest, settings.embedding_precision)
        return f"{manifest['model']} {how}, {overrides.dimensions or manifest['dimensions']} dimensions"

    return Check(
        name="model",
        run=ask,
        why="Without it nothing is indexed, and searches go by words alone.",
    )


def embedding_endpoint(settings: Settings) -> Check:
    """The endpoint of the embedding model answers with vectors of the length that the settings name."""

    def ask() -> str:
        from kb.errors import EmbedderUnavailable
        from worker.embeddings.finder import build_finder
        from worker.telemetry.counters import Unmetered

        began = time.monotonic()
        try:
            build_finder(settings, Unmetered()).encode("Where is my parcel?")
        except EmbedderUnavailable as error:
            raise StartupFailed(str(error)) from None
        return f"{masked(settings.embedding_url or '')}, a query in {1_000 * (time.monotonic() - began):.0f} ms"

    return Check(
        name="embeddings",
        run=ask,
        why="While it does not answer, words alone find passages, and new documents wait.",
        needed=False,
    )


def support_model(settings: Settings) -> Check:
    """The configured support model was exported, and its bytes are the ones that were."""

    def ask() -> str:
        from worker.answering.check.cross_encoder import file_of, verified

        if settings.support_folder is None:
            return "the one that ships"
        manifest = verified(settings.support_folder)
        return f"{manifest['model']}, {file_of(manifest)}, reads {', '.join(settings.support_languages)}"

    return Check(
        name="support model",
        run=ask,
        why="Without it the project's own model checks answers; `answerback model support` exports it.",
        needed=False,
    )


def snapshot(settings: Settings) -> Check:
    """Every workspace's active snapshot is whole; one of another embedding model is found by words, and built anew."""

    def ask() -> str:
        from kb.embedding import identity_of
        from kb.embedding import read_manifest as read_model
        from kb.errors import KnowledgeError, ModelMissing, SnapshotOutdated
        from kb.manifest import read_manifest, verify_files
        from worker.embeddings.finder import endpoint_identity

        try:
            if settings.embedding_url is not None:
                identity = endpoint_identity(settings)
            else:
                model = read_model(settings.embedding_folder)
                identity = identity_of(model, settings.embedding_precision, settings.embedding_overrides)
        except ModelMissing:
            identity = None
        passages = others = 0
        active = _active_snapshots(settings)
        for workspace_id, name, version in active:
            folder = settings.snapshots_folder / workspace_id / version
            try:
                manifest = read_manifest(folder)
                verify_files(folder, manifest)
            except SnapshotOutdated:  # an ingest worker publishes it anew, which must not wait for this one
                continue
            except KnowledgeError as error:
                which = "" if name == DEFAULT_WORKSPACE else f" --workspace {shlex.quote(name)}"
                raise StartupFailed(str(error).replace("snapshots rebuild", f"snapshots{which} rebuild")) from None
            passages += manifest["passages"]
            others += identity is not None and manifest["model"] != identity
        summary = f"{len(active)} active, {passages} passages" if active else "none published yet"
        return f"{summary}, {others} of another model, to be built anew" if others else summary

    return Check(
        name="snapshot",
        run=ask,
        why="It is what is searched; a damaged one answers nothing.",
    )


def _active_snapshots(settings: Settings) -> list[tuple[str, str, str]]:
    """Return id, name and version of each workspace that has published one."""
    store = open_existing(settings)
    try:
        with store.read() as connection:
            rows = connection.execute(
                sa.select(workspace.c.id, workspace.c.name, workspace.c.snapshot_version).where(
                    workspace.c.snapshot_version.is_not(None)
                )
            )
            return [(row[0], row[1], row[2]) for row in rows]
    finally:
        store.close()


def language_model(settings: Settings) -> Check:
    """The endpoint of the language model answers, knows the key, and has one of the models."""

    def ask() -> str:
        import openai

        where = masked(settings.openai_base_url or "https://api.openai.com/v1")
        client = openai.OpenAI(
            api_key=settings.openai_api_key or "none-needed",
            base_url=settings.openai_base_url,
            max_retries=0,
            timeout=_TIMEOUT_S,
        )
        try:
            known = {model.id for model in client.models.list()}
        except openai.AuthenticationError:
            raise StartupFailed(f"{where} refuses the key: correct OPENAI_API_KEY.") from None
        except openai.APIConnectionError as error:
            raise StartupFailed(
                f"{where} cannot be reached ({error.__cause__ or error}): start it, or correct OPENAI_BASE_URL."
            ) from None
        except openai.APIStatusError as error:
            if error.status_code in (404, 405, 501):  # not every endpoint lists its models
                return f"{where}, which does not list its models: {_probed(settings, settings.models[0])}"
            raise StartupFailed(
                f"{where} answers with {error.status_code} when asked for its models: see its own log, or correct "
                "OPENAI_API_KEY and OPENAI_BASE_URL."
            ) from None
        except (AttributeError, TypeError, ValueError):
            raise StartupFailed(f"{where} is no OpenAI-compatible endpoint: correct OPENAI_BASE_URL.") from None
        finally:
            client.close()
        missing = [model for model in settings.models if model not in known]
        if known and len(missing) == len(settings.models):
            raise StartupFailed(f"{where} has no model {missing[0]}: set ANSWERBACK_MODELS to some of its models.")
        others = f", but not {', '.join(missing)}" if known and missing else ""
        name = next(model for model in settings.models if model not in missing or not known)
        return f"{where}, {name}{others}: {_probed(settings, name)}"

    return Check(name="language model", run=ask, why="It writes the answers; while it fails, messages are tried again.")


def _probed(settings: Settings, name: str) -> str:
    """Return the capabilities of a model in a few words."""
    from worker.answering.chat_api.probe import probe_configured

    (report,) = probe_configured(settings, names=(name,), timeout_s=_PROBE_TIMEOUT_S)
    if not report.answers:
        raise StartupFailed(f"{name} does not answer: {report.steps[0].detail} See `answerback model check`.")
    return ", ".join(step.name if step.works else f"no {step.name}" for step in report.steps)


def mail(settings: Settings) -> Check:
    """The mail server takes a connection."""

    def ask() -> str:
        from worker.helpdesks.mail import MailServer

        address = masked(str(settings.smtp_url))
        try:
            with MailServer(url=str(settings.smtp_url), sender=settings.mail_from).connected() as server:
                server.noop()
        except Exception as error:  # noqa: BLE001 - a mail server refuses in many ways
            raise StartupFailed(
                f"{address} takes no mail ({error}): start it, or correct ANSWERBACK_SMTP_URL."
            ) from None
        return address

    return Check(name="mail", run=ask, why="Agents are notified of handoffs by it.")
