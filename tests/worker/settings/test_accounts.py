"""Settings of accounts and single sign-on."""

import pytest

from worker.errors import SettingsInvalid
from worker.settings import Settings
from worker.states import AccountRole

PROVIDER = {"ANSWERBACK_OIDC_ISSUER": "https://id.example", "ANSWERBACK_OIDC_CLIENT_ID": "answerback"}


def test_roles_are_read_by_group():
    settings = Settings.from_env({**PROVIDER, "ANSWERBACK_OIDC_ROLES": "Support Leads=admin, support=agent"})
    assert settings.oidc_roles == (("Support Leads", AccountRole.ADMIN), ("support", AccountRole.AGENT))
    settings = Settings.from_env({**PROVIDER, "ANSWERBACK_OIDC_ROLES": "a=b=agent,c=owner"})
    assert settings.oidc_roles == (("a=b", AccountRole.AGENT), ("c", AccountRole.OWNER))


def test_links_begin_with_the_address_of_the_console():
    assert Settings.from_env({"ANSWERBACK_PORT": "8100"}).console_address == "http://127.0.0.1:8100/console"
    set_by_hand = {"ANSWERBACK_CONSOLE_URL": "https://desk.example/console/"}
    assert Settings.from_env(set_by_hand).console_address == "https://desk.example/console"


@pytest.mark.parametrize(
    ("environment", "problem"),
    [
        ({"ANSWERBACK_OIDC_ISSUER": "https://id.example"}, "ANSWERBACK_OIDC_CLIENT_ID"),
        ({**PROVIDER, "ANSWERBACK_OIDC_ISSUER": "http://id.example"}, "https://"),
        ({**PROVIDER, "ANSWERBACK_OIDC_ROLES": "support=king"}, "ANSWERBACK_OIDC_ROLES"),
        ({**PROVIDER, "ANSWERBACK_OIDC_ROLES": "support"}, "ANSWERBACK_OIDC_ROLES"),
        ({**PROVIDER, "ANSWERBACK_OIDC_DEFAULT_ROLE": "king"}, "viewer"),
        ({**PROVIDER, "ANSWERBACK_OIDC_SCOPES": "email"}, "openid"),
        ({"ANSWERBACK_PASSWORDS": "off"}, "ANSWERBACK_OIDC_ISSUER"),
        ({"ANSWERBACK_CONSOLE_URL": "desk.example"}, "ANSWERBACK_CONSOLE_URL"),
    ],
)
def test_what_cannot_work_is_refused(environment, problem):
    with pytest.raises(SettingsInvalid, match=problem):
        Settings.from_env(environment)


def test_a_provider_on_this_machine_may_do_without_tls_and_secrets_are_not_shown():
    settings = Settings.from_env(
        {**PROVIDER, "ANSWERBACK_OIDC_ISSUER": "http://localhost:3000", "ANSWERBACK_OIDC_CLIENT_SECRET": "hidden"}
    )
    assert "hidden" not in repr(settings)
