"""The pages on connecting each kind of helpdesk, from the output of `answerback helpdesk setup`."""

from docs.generated import MADE

KINDS: dict[str, tuple[str, str, dict[str, str]]] = {
    "zendesk": ("Zendesk", "https://yours.zendesk.com", {"email": "bot@yours.example", "bot_id": "900"}),
    "freshdesk": ("Freshdesk", "https://yours.freshdesk.com", {"bot_id": "900"}),
    "chatwoot": ("Chatwoot", "https://chat.yours.example", {"account_id": "1"}),
    "zammad": ("Zammad", "https://zammad.yours.example", {"bot_id": "3"}),
    "rt": ("Request Tracker", "https://rt.yours.example", {"user": "answerback"}),
    "django_helpdesk": ("django-helpdesk", "https://desk.yours.example/helpdesk", {"bot_id": "3"}),
    "intercom": ("Intercom", "https://api.intercom.io", {"admin_id": "814860", "app_id": "ab12cd34"}),
    "slack": ("Slack", "https://slack.com", {"channel": "C0123456789"}),
    "email": ("E-mail", "mailto:desk@yours.example", {}),
}


def helpdesk_page(kind: str) -> str:
    """Return the page on connecting one kind of helpdesk."""
    from worker.helpdesks.options import OPTIONS

    title, url, options = KINDS[kind]
    assert set(OPTIONS[kind]) <= set(options), kind
    given = "".join(f" --option {name}={value}" for name, value in options.items())
    asked = "" if kind == "email" else "The command asks for the API token of the bot's user. "
    if kind in ("chatwoot", "slack"):
        asked = "The command asks for the token of a bot. You create the bot in the next step: enter any text for now. "
    parts = [
        MADE.format(title=title, what="the output of `answerback helpdesk setup`", where=f"worker/helpdesks/{kind}.py"),
        f"## Connect {title}\n",
        f"```sh\nanswerback helpdesk connect {kind} --kind {kind} --url {url}{given}\n```\n",
        f"{asked}The connection starts in the mode `draft` ([modes](../helpdesks.md#modes)).\n",
        f"## Configure {title}\n",
        f"`answerback helpdesk setup {kind} --public-url https://answers.yours.example` prints, with your addresses:\n",
        f"```text\n{_setup_steps(kind).rstrip()}\n```\n",
    ]
    if kind in ("zendesk", "chatwoot", "intercom", "slack"):
        given = ' --token "$BOT_TOKEN"' if kind in ("chatwoot", "slack") else ""
        parts.append(f'```sh\nanswerback helpdesk change {kind}{given} --webhook-secret "$SIGNING_SECRET"\n```\n')
    parts += [
        "## Test the connection\n",
        f"```sh\nanswerback helpdesk check {kind}\n```\n",
        "When the drafts are good enough, let it reply:\n",
        f"```sh\nanswerback helpdesk change {kind} --mode reply\n```\n",
    ]
    return "\n".join(parts if kind not in ("slack", "email") else parts[:-2])


def _setup_steps(kind: str) -> str:
    """Return what `answerback helpdesk setup` prints for a kind of helpdesk."""
    from worker.addresses import Caller, Guard
    from worker.helpdesks.mail import MailServer
    from worker.helpdesks.transport import open_desk
    from worker.states import ConnectionState, HelpdeskMode
    from worker.store.rows import Helpdesk

    _title, url, options = KINDS[kind]
    row = Helpdesk(
        id="hd_…",
        workspace_id="",
        name=kind,
        kind=kind,
        url=url,
        token="",
        webhook_secret="",
        options=options,
        mode=HelpdeskMode.REPLY,
        state=ConnectionState.ENABLED,
        created_at=0,
        updated_at=0,
    )
    mail = MailServer(url="smtp://127.0.0.1", sender="answerback@yours.example")
    with Caller(Guard(), total_s=1) as caller:
        return open_desk(row, caller, mail, open_secret=str).setup(
            "https://answers.yours.example/v1/helpdesks/hd_…/inbound"
        )
