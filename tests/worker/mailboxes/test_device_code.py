"""A desk whose server no browser reaches is connected with a code that a person enters elsewhere."""

import pytest

from tests.support.fakes import LOOPBACK
from tests.support.oauth import OAuthProvider
from worker.mailboxes.device_code import begin, refresh_token
from worker.mailboxes.oauth_client import ProviderRefused


@pytest.fixture
def provider():
    provider = OAuthProvider()
    provider.serve()
    yield provider
    provider.close()


def test_it_waits_until_the_person_has_consented(provider):
    provider.pending = 2
    begun = begin(LOOPBACK, f"{provider.url}/devicecode", client_id="desk", scope="mail offline_access")
    assert begun.user_code == "ABCD-EFGH"
    waited = []
    token = refresh_token(LOOPBACK, f"{provider.url}/token", begun, client_id="desk", sleep=waited.append)
    assert provider.refresh_tokens[token] == "device@desk.example"
    assert len(waited) == 3


def test_a_person_who_declines_ends_it(provider):
    begun = begin(LOOPBACK, f"{provider.url}/devicecode", client_id="desk", scope="mail")
    provider.answer = lambda path, form: (400, {"error": "authorization_declined"})
    with pytest.raises(ProviderRefused, match="declined"):
        refresh_token(LOOPBACK, f"{provider.url}/token", begun, client_id="desk", sleep=lambda seconds: None)
