import json

from tests.worker.mcp.test_server import Recording
from worker.mcp.http import respond
from worker.mcp.server import build_server

HEADERS = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream", "Host": "desk.example"}


def post(message, *, headers=HEADERS, max_bytes=10_000):
    body = message if isinstance(message, bytes) else json.dumps(message).encode()
    return respond(build_server(Recording({})), headers=headers, body=body, max_bytes=max_bytes)


def test_a_request_is_answered_as_json():
    status, headers, body = post({"jsonrpc": "2.0", "id": 1, "method": "tools/list"})
    assert (status, headers["content-type"]) == (200, "application/json")
    assert json.loads(body)["result"]["tools"]


def test_a_notification_is_accepted():
    status, _headers, body = post({"jsonrpc": "2.0", "method": "notifications/initialized"})
    assert (status, body) == (202, b"")


def test_what_is_too_large_or_no_json_is_refused():
    assert post({"jsonrpc": "2.0", "id": 1, "method": "ping", "params": {"x": "y" * 20_000}})[0] == 413
    assert post(b"{")[0] == 400
    assert post({}, headers={**HEADERS, "Content-Type": "text/plain"})[0] in (400, 415)
