import json

import httpx
import pytest
from mcp.server.mcpserver.exceptions import ToolError

from tests.support.processes import free_port
from worker.mcp.api import Api, open_client


@pytest.fixture
def api_of():
    """An API behind which a WSGI application answers every request; the requests it got are kept."""
    got = []

    def do(status, body):
        def application(environ, start_response):
            length = int(environ.get("CONTENT_LENGTH") or 0)
            sent = environ["wsgi.input"].read(length)
            got.append((environ["REQUEST_METHOD"], environ["PATH_INFO"], environ["QUERY_STRING"], sent))
            start_response(status, [("Content-Type", "application/json")])
            return [body if isinstance(body, bytes) else json.dumps(body).encode()]

        client = httpx.Client(transport=httpx.WSGITransport(app=application), base_url="http://localhost")
        return Api(client), got

    return do


def test_what_is_not_given_is_not_sent(api_of):
    api, got = api_of("200 OK", {"items": []})
    assert api.call("POST", "/v1/search", {"query": "cookies", "filters": None}, limit=None, state="open") == {
        "items": []
    }
    ((method, path, query, sent),) = got
    assert (method, path, query, json.loads(sent)) == ("POST", "/v1/search", "state=open", {"query": "cookies"})


def test_a_refusal_says_why_and_which_field(api_of):
    problem = {"detail": "The input is not valid.", "errors": [{"field": "question", "message": "Must not be blank."}]}
    api, _ = api_of("422 UNPROCESSABLE CONTENT", problem)
    with pytest.raises(ToolError, match=r"The input is not valid\. question: Must not be blank\."):
        api.call("POST", "/v1/answers", {"question": ""})


def test_a_proxys_page_is_told_by_its_status(api_of):
    api, _ = api_of("502 BAD GATEWAY", b"<html>")
    with pytest.raises(ToolError, match="responded with 502"):
        api.call("GET", "/v1/escalations")


def test_a_server_that_is_not_there_is_told():
    with open_client(f"http://127.0.0.1:{free_port()}", "key") as client, pytest.raises(ToolError, match="be reached"):
        Api(client).call("GET", "/v1/escalations")


def test_the_key_is_sent():
    with open_client("http://localhost", "secret") as client:
        assert client.headers["Authorization"] == "Bearer secret"
