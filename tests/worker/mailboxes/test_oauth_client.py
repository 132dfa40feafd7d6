"""A provider's refusal is told from one that is down, and its words are shown as one short line."""

import pytest

from tests.support.fakes import LOOPBACK
from tests.support.oauth import OAuthProvider
from worker.addresses import Guard
from worker.mailboxes.oauth_client import ProviderRefused, ProviderUnavailable, ask


@pytest.fixture
def provider():
    provider = OAuthProvider()
    provider.serve()
    yield provider
    provider.close()


def answers(provider, status, answer):
    provider.answer = lambda path, form: (status, answer)
    return f"{provider.url}/token"


def test_a_refusal_has_its_code_and_the_first_line_of_its_description(provider):
    url = answers(
        provider, 400, {"error": "invalid_grant", "error_description": "AADSTS70008: expired.\r\nTrace ID: 1"}
    )
    with pytest.raises(ProviderRefused) as raised:
        ask(LOOPBACK, url, {"grant_type": "refresh_token"})
    assert (raised.value.error, str(raised.value)) == ("invalid_grant", "invalid_grant: AADSTS70008: expired.")


@pytest.mark.parametrize(
    ("status", "answer"),
    [(503, {"error": "x"}), (429, {"error": "x"}), (200, ["x"]), (302, {}), (200, {"x": "y" * 200_000})],
)
def test_anything_else_is_a_provider_that_is_down(provider, status, answer):
    with pytest.raises(ProviderUnavailable):
        ask(LOOPBACK, answers(provider, status, answer), {})


def test_a_provider_in_a_private_network_is_not_called(provider):
    with pytest.raises(ProviderUnavailable, match="AddressRefused"):
        ask(Guard(), f"{provider.url}/token", {})
    assert provider.asked == []
