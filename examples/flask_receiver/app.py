"""Receive webhooks with Flask and the Python client.

pip install flask answerback-client
CALLBACK_SECRET=whsec_… flask --app app run --port 9000
"""

import os

from answerback_client import errors, webhooks
from flask import Flask, abort, request

app = Flask(__name__)

#: The ids of processed webhooks. Keep them in your database, with a unique index: the same one can arrive twice.
processed: set[str] = set()


@app.post("/answerback")
def receive():
    """Verify a webhook and process it once. Respond within 20 seconds: do longer work afterwards."""
    try:
        webhook = webhooks.verify(request.get_data(), request.headers, os.environ["CALLBACK_SECRET"])
    except errors.InvalidSignature as refused:
        abort(401, str(refused))
    if webhook.id not in processed:
        processed.add(webhook.id)
        event = webhook.event
        if event["data"].get("truncated"):  # a large payload lacks all but ids and states: retrieve the rest
            print(event["type"], "in short", flush=True)
        elif event["type"] == "message.answered":
            print("answered:", event["data"]["message"]["reply"]["text"], flush=True)
        elif event["type"] == "message.handed_off":
            print("for a human:", event["data"]["message"]["handoff"]["summary"], flush=True)
        else:
            print(event["type"], flush=True)
    return "", 204
