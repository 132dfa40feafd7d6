"""A slash command of Slack, `/ask How long does delivery take?`, with Flask and the Python client.

    pip install flask answerback-client
    SLACK_SIGNING_SECRET=… ANSWERBACK_URL=https://… ANSWERBACK_API_KEY=… flask --app app run --port 9000

At https://api.slack.com/apps, create a command whose request URL is https://yours.example/slack/ask.
Answers come from `answers.create`: nothing is stored, and no human is called.
"""

import hashlib
import hmac
import os
import re
import threading
import time

import httpx
from answerback_client import Answerback, AnswerbackError
from flask import Flask, abort, request

app = Flask(__name__)
client = Answerback()

#: Slack's own limit: https://docs.slack.dev/authentication/verifying-requests-from-slack
TOLERANCE_S = 300


def is_from_slack() -> bool:
    """Whether Slack signed the request, within five minutes of now."""
    sent = request.headers.get("X-Slack-Request-Timestamp", "")
    if not re.fullmatch("[0-9]{1,12}", sent) or abs(time.time() - int(sent)) > TOLERANCE_S:
        return False
    signed = f"v0:{sent}:".encode() + request.get_data()
    expected = hmac.new(os.environ["SLACK_SIGNING_SECRET"].encode(), signed, hashlib.sha256).hexdigest()
    return hmac.compare_digest(f"v0={expected}".encode(), request.headers.get("X-Slack-Signature", "").encode())


@app.post("/slack/ask")
def ask():
    """Respond at once, since Slack waits three seconds only; the answer follows at the `response_url`."""
    if not is_from_slack():
        abort(401)
    question = request.form["text"].strip()
    if not question:
        return {"response_type": "ephemeral", "text": "Type your question after the command."}
    threading.Thread(target=answer, args=(question, request.form["response_url"])).start()
    return {"response_type": "ephemeral", "text": f"Looking for an answer to “{question}” …"}


def answer(question: str, response_url: str) -> None:
    """Send the answer to the channel, or say to who asked that there is none."""
    try:
        found = client.answers.create(question=question)
    except AnswerbackError as error:
        text, kind = f"No answer is to be had at the moment: {error}", "ephemeral"
    else:
        text, kind = (shown(found), "in_channel") if found["answer"] else ("No article answers this.", "ephemeral")
    httpx.post(response_url, json={"response_type": kind, "text": text}, timeout=10).raise_for_status()


def shown(found) -> str:
    """Return an answer with its sources in Slack's mrkdwn."""
    lines = [escaped(found["answer"]["content"])]
    for citation in found["answer"]["citations"]:
        title = escaped(citation["title"])
        lines.append(f"[{citation['number']}] " + (f"<{citation['url']}|{title}>" if citation["url"] else title))
    return "\n".join(lines)


def escaped(text: str) -> str:
    """Return text in which Slack sees no links or mentions."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
