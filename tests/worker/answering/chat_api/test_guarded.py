"""A model endpoint of a workspace leads only to addresses that may be called."""

import ipaddress

import pytest

from worker.addresses import Guard
from worker.answering.chat_api.client import open_client
from worker.answering.chat_api.probe import probe


def report(url, guard):
    client = open_client(api_key="sk-desk", base_url=url, guard=guard)
    try:
        return probe(client, "good", timeout_s=5)
    finally:
        client.close()


def test_an_allowed_endpoint_answers_by_its_name_and_past_a_proxy_of_the_environment(model_url, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    host, _, port = model_url.removeprefix("http://").partition(":")
    guard = Guard(allow=[ipaddress.ip_network("127.0.0.0/8")], resolve=lambda _host, _port: [host])
    assert report(f"http://models.example:{port}/v1", guard).answers


def test_a_name_that_leads_inside_after_it_was_checked_is_not_called():
    answers = iter((["93.184.216.34"],))
    guard = Guard(resolve=lambda _host, _port: next(answers, ["127.0.0.1"]))
    url = "https://models.example:8443/v1"
    guard.check_url(url)
    (step,) = report(url, guard).steps
    assert not step.works


@pytest.mark.parametrize("url", ["http://127.0.0.1:{port}/v1", "http://[::ffff:127.0.0.1]:{port}/v1"])
def test_an_address_inside_is_never_dialled(model_url, url):
    (step,) = report(url.format(port=model_url.rpartition(":")[2]), Guard()).steps
    assert not step.works


def test_the_organization_of_the_environment_is_not_named_to_an_endpoint_of_a_workspace(monkeypatch, receiver):
    monkeypatch.setenv("OPENAI_ORG_ID", "org-of-the-installation")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "project-of-the-installation")
    report(receiver.url, Guard(allow=[ipaddress.ip_network("127.0.0.0/8")]))
    (headers, _body), *_ = receiver.got
    assert "Bearer sk-desk" in headers.values()
    assert "of-the-installation" not in repr(headers)
