"""The voice of the workspace: how its assistant speaks, with a preview of its replies."""

from typing import Any

import flask
from werkzeug.wrappers import Response

from web.console.site import Page, blueprint, part_only, to
from web.console.voice_form import VoiceForm
from web.console.voice_preview import CUSTOMER, about_assistant, previews
from web.http.api import services
from web.http.auth import admin, needs
from worker.access.permissions import Permission
from worker.states import AboutAssistant, CitationStyle, Greets
from worker.store.rows import VoiceRow
from worker.time import to_rfc3339
from worker.voice.voice import DEFAULT_VOICE, OTHER_CHANNELS, Voice
from worker.voice.voices import VoiceChanged

_MAX_ROWS = 30
#: Labels of the values of selects, by input.
_CHOICES: dict[str, dict[str, str]] = {
    "max_sentences": {str(count): f"{count} sentence{'s' if count > 1 else ''}" for count in range(1, 11)},
    "asks_back": {"": "With a language model only", "yes": "Always", "no": "Never"},
    "greets": {Greets.FIRST_REPLY: "First reply only", Greets.EVERY_REPLY: "Every reply"},
    "citations": {
        CitationStyle.NUMBERS: "Numbers and a list",
        CitationStyle.LINKS: "Links at the end",
        CitationStyle.NONE: "None",
    },
}
_ABOUT = {
    AboutAssistant.BOT: "Whether it is a bot",
    AboutAssistant.NAME: "Its name",
    AboutAssistant.ABILITIES: "What it can do",
    AboutAssistant.PRIVACY: "What is stored and who reads it",
}

#: Labels of the rows of a group.
_ROWS = {"topics": "Topic", "channels": "Channel"}

#: Labels of groups and inputs; of inputs in rows, by the last part of their name.
_LABELS = {
    "name": "Name",
    "tone": "Tone",
    "max_sentences": "Longest answer",
    "languages": "Languages",
    "asks_back": "Questions back",
    "guidance": "Guidance",
    "topics": "Avoided topics",
    "phrases": "Phrases",
    "channels": "Channels",
    "channel": "Channel",
    "greeting": "Greeting",
    "greets": "Greeting on",
    "signature": "Signature",
    "citations": "Sources",
}


@blueprint.get("/voice")
@needs(Permission.READ)
def voice() -> Page:
    """Show the voice, as a form to administrators; when htmx asks, only whether it was changed meanwhile."""
    row = _stored()
    if part_only():
        is_changed = flask.request.args.get("version", "") != _version(row)
        return flask.render_template("console/_voice_changed.html", is_changed=is_changed, row=row)
    return _page(VoiceForm.of(_voice(row)), row, saved="saved" in flask.request.args)


@blueprint.post("/voice")
@admin
def save_voice() -> Page | Response:
    """Save the voice, unless a value is wrong or somebody changed it meanwhile."""
    form = VoiceForm.sent(flask.request.form)
    typed, problems = form.load()
    if problems:
        return _page(form, _stored(), version=_sent_version()), 422
    try:
        services().voices.replace(flask.g.principal.workspace_id, typed, updated_at=_number(_sent_version()))
    except VoiceChanged:
        row = _stored()
        return _page(form, row, conflict=_differences(_voice(row), typed)), 409
    return to("voice", saved=1)


@blueprint.post("/voice/draft")
@admin
def edit_voice() -> Page:
    """Show the form with a row more or less, or the preview of what was typed; nothing is saved."""
    form, focus = VoiceForm.sent(flask.request.form).edited(flask.request.form.get("change", ""))
    return _page(form, _stored(), version=_sent_version(), focus=focus, is_draft=True)


@blueprint.post("/voice/reset")
@admin
def reset_voice() -> Page | Response:
    """Give the workspace the default voice, unless somebody changed it meanwhile."""
    voices, version = services().voices, _number(_sent_version())
    try:
        voices.replace(flask.g.principal.workspace_id, DEFAULT_VOICE, updated_at=version)
    except VoiceChanged as error:
        row = _stored()
        return _page(VoiceForm.of(_voice(row)), row, problem=f"{error} The page shows it as it is now."), 409
    return to("voice", saved=1)


def _page(form: VoiceForm, row: VoiceRow | None, *, version: str | None = None, **more: Any) -> str:
    """Return the page with a form.

    Args:
        row: the voice as it is stored.
        version: the version that the form was made of, if it is not that of `row`.
    """
    typed, problems = form.load()
    return flask.render_template(
        "console/voice.html",
        form=form,
        voice=typed,
        problems=problems,
        previews=list(previews(form, typed, problems)),
        about=about_assistant(typed),
        is_unsaved=bool(problems) or typed != _voice(row),
        version=_version(row) if version is None else version,
        row=row,
        changed_at=None if row is None else to_rfc3339(row.updated_at),
        customer=CUSTOMER,
        choices=_CHOICES,
        about_labels=_ABOUT,
        channel_names=_channel_names(),
        label=_label,
        caption=_caption,
        max_rows=_MAX_ROWS,
        **more,
    )


def _stored() -> VoiceRow | None:
    return services().voices.row(flask.g.principal.workspace_id)


def _voice(row: VoiceRow | None) -> Voice:
    return DEFAULT_VOICE if row is None else Voice.from_api(vars(row))


def _version(row: VoiceRow | None) -> str:
    """Return the version of the stored voice as forms carry it; empty if none is stored."""
    return "" if row is None else str(row.updated_at)


def _sent_version() -> str:
    return flask.request.form.get("version", "")


def _number(version: str) -> int | None:
    """Return the time of a version; 0, which none has, if the form has another text there."""
    if not version:
        return None
    return int(version) if version.isdecimal() and len(version) < 20 else 0


def _label(name: str) -> str:
    """Return the label of an input or a group, such as "Channel 2, greeting"."""
    group, _, rest = name.partition("-")
    if group == "about":
        return _ABOUT[AboutAssistant(rest)]
    if not rest:
        return _LABELS[group]
    number, _, field = rest.partition("-")
    return f"{_ROWS[group]} {int(number) + 1}, {_LABELS[field].lower()}"


def _caption(name: str) -> str:
    """Return the label of an input without that of its row, which the row shows."""
    return _label(name) if name.startswith("about-") else _LABELS[name.rpartition("-")[2]]


def _channel_names() -> list[str]:
    """Return the channels to suggest: ours, and the kinds of the connected helpdesks."""
    connected = services().connections.all(flask.g.principal.workspace_id)
    return list(dict.fromkeys(["widget", "email", "api", *(row["kind"] for row in connected), OTHER_CHANNELS]))


def _differences(stored: Voice, typed: Voice) -> list[tuple[str, str, str]]:
    """Return the differences of two voices: label, stored text and typed text of each value."""
    before, after = (_texts(VoiceForm.of(voice)) for voice in (stored, typed))
    pairs = {name: (before.get(name, ""), after.get(name, "")) for name in [*before, *after]}
    return [(name, *texts) for name, texts in pairs.items() if texts[0] != texts[1]]


def _texts(form: VoiceForm) -> dict[str, str]:
    """Return the texts of a form by what they are about."""
    rows = {f"Topic “{row['name']}”": row["phrases"] or "no phrases" for row in form.topics}
    for row in form.channels:
        for name in ("greeting", "greets", "signature", "citations"):
            rows[f"Channel “{row['channel']}”, {_LABELS[name].lower()}"] = _chosen(name, row[name])
    return {**{_label(name): _chosen(name, text) for name, text in form.texts.items()}, **rows}


def _chosen(name: str, text: str) -> str:
    """Return the text of an input, or the label of what is chosen in a select."""
    return _CHOICES[name][text] if name in _CHOICES else text
