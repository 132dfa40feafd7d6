"""What a provider says is believed only if it says it to us, now, about this login, and signed."""

import json

import pytest
from joserfc.jwk import OctKey, RSAKey

from tests.support.openid import SECRET, Provider, log_in_there, npm_provider
from worker.accounts.openid import OpenIdProvider, ProviderUnavailable, SignOnRefused, challenge

CALLBACK = "http://127.0.0.1:1/console/sso/callback"


def client_of(issuer, *, secret=SECRET, **options):
    return OpenIdProvider(
        issuer=issuer,
        client_id="answerback",
        client_secret=secret,
        scopes=("openid", "email", "profile"),
        groups_claim="groups",
        redirect_uri=CALLBACK,
        **options,
    )


@pytest.fixture
def provider():
    with Provider().serving() as serving:
        yield serving


def sign_on(provider, **options):
    client = client_of(provider.issuer, **options)
    url, signing_on = client.begin()
    return client.finish(signing_on, provider.back(url))


@pytest.mark.processes
def test_people_of_a_certified_provider_log_in_with_their_groups_and_out():
    with npm_provider(CALLBACK) as issuer:
        client = client_of(issuer)
        url, signing_on = client.begin()
        back = log_in_there(url, "grace+support+leads")
        answer = dict(pair.split("=", 1) for pair in back.partition("?")[2].split("&"))
        answer["iss"] = issuer
        identity = client.finish(signing_on, answer)
        assert (identity.issuer, identity.subject) == (issuer, "grace+support+leads")
        assert (identity.email, identity.email_verified) == ("grace@shop.example", True)
        assert (identity.name, identity.groups) == ("grace of the directory", {"support", "leads"})
        assert client.logout_url("http://127.0.0.1:1/console/login").startswith(f"{issuer}/session/end?client_id=")
        with pytest.raises(SignOnRefused):  # a code works once
            client.finish(signing_on, answer)


def test_the_id_token_names_who_somebody_is(provider):
    provider.claims = {"sub": "7", "email": "Ada@shop.example", "email_verified": True, "name": "Ada", "groups": ["a"]}
    identity = sign_on(provider)
    assert (identity.subject, identity.email, identity.email_verified) == ("7", "Ada@shop.example", True)
    assert (identity.name, identity.groups) == ("Ada", {"a"})
    (request,) = provider.requests
    assert request["authorization"].startswith("Basic ")
    assert len(request["code_verifier"]) >= 43


def test_a_public_client_and_one_that_sends_its_secret_in_the_form_work_too(provider):
    sign_on(provider, secret=None)
    assert provider.requests[-1]["authorization"] == ""
    provider.metadata = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    sign_on(provider)
    assert provider.requests[-1]["client_secret"] == SECRET


@pytest.mark.parametrize(
    "spoil",
    [
        {"nonce": "another"},
        {"nonce": None},
        {"iss": "https://evil.example"},
        {"aud": "another client"},
        {"aud": ["answerback", "another"]},  # and no azp
        {"azp": "another"},
        {"exp": 1_000},
        {"exp": None},
        {"iat": None},
        {"sub": None},
    ],
)
def test_an_id_token_for_another_login_client_or_time_is_refused(provider, spoil):
    provider.spoil = spoil
    with pytest.raises(SignOnRefused):
        sign_on(provider)


def test_an_id_token_that_somebody_else_signed_is_refused(provider):
    provider.key = RSAKey.generate_key(2048, {"kid": "1"})
    with pytest.raises(SignOnRefused):
        sign_on(provider)


def test_a_symmetric_signature_with_the_public_key_is_refused_even_if_the_provider_offers_it(provider):
    provider.metadata = {"id_token_signing_alg_values_supported": ["RS256", "HS256", "none"]}
    provider.header = {"alg": "HS256"}
    provider.key = OctKey.import_key(json.dumps(provider.published.as_dict(private=False)))
    with pytest.raises(SignOnRefused):
        sign_on(provider)


def test_an_answer_to_another_login_or_with_an_error_is_refused(provider):
    client = client_of(provider.issuer)
    url, signing_on = client.begin()
    answer = provider.back(url)
    for spoilt in (
        {**answer, "state": "another"},
        {**answer, "iss": "https://evil.example"},
        {"code": "code"},
        {"state": answer["state"], "error": "access_denied"},
    ):
        with pytest.raises(SignOnRefused):
            client.finish(signing_on, spoilt)
    assert provider.requests == []


def test_a_code_without_the_verifier_of_its_login_is_worth_nothing(provider):
    client = client_of(provider.issuer)
    url, _theirs = client.begin()
    stolen = provider.back(url)
    _url, mine = client.begin()
    with pytest.raises(SignOnRefused):
        client.finish(mine, {**stolen, "state": mine.state})


def test_what_the_id_token_leaves_out_is_asked_of_the_userinfo_endpoint(provider):
    provider.claims = {"sub": "7"}
    provider.userinfo = {"sub": "7", "email": "ada@shop.example", "email_verified": "true", "groups": "support"}
    identity = sign_on(provider)
    assert (identity.email, identity.email_verified, identity.groups) == ("ada@shop.example", True, {"support"})
    provider.userinfo["sub"] = "8"
    with pytest.raises(SignOnRefused):
        sign_on(provider)


def test_a_provider_that_is_down_or_describes_another_issuer_is_unavailable(provider):
    provider.down = True
    with pytest.raises(ProviderUnavailable):
        client_of(provider.issuer).begin()
    provider.down = False
    provider.metadata = {"issuer": "https://evil.example"}
    with pytest.raises(ProviderUnavailable, match="ANSWERBACK_OIDC_ISSUER"):
        client_of(provider.issuer).begin()
    provider.metadata = {}
    client = client_of(provider.issuer)
    url, signing_on = client.begin()
    answer = provider.back(url)
    provider.down = True
    with pytest.raises(ProviderUnavailable):
        client.finish(signing_on, answer)


def test_an_address_is_verified_only_where_the_provider_says_so(provider):
    for said in (None, False, "false", 1):
        provider.claims = {"sub": "1", "email": "ada@shop.example", "email_verified": said}
        assert not sign_on(provider).email_verified


def test_the_verifier_is_sent_as_its_hash(provider):
    url, signing_on = client_of(provider.issuer).begin()
    assert signing_on.verifier not in url
    assert "code_challenge_method=S256" in url
    assert challenge(signing_on.verifier) in url
    # The example of RFC 7636, appendix B.
    example = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    assert challenge(example) == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
