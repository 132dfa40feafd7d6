"""The common parts connect to nothing before they are used, and have what the settings name."""

from dataclasses import replace

import pytest

from worker.addresses import AddressRefused
from worker.services import common as common_parts
from worker.services.accounts import build_secret_box
from worker.services.common import build_common, build_guard, build_mail_server
from worker.settings.parsers import networks


def test_nothing_connects_before_its_first_use(settings, tmp_path):
    common = build_common(settings)
    assert not (tmp_path / "answerback.db").exists()
    common.close(timeout_s=0.1)


def test_people_and_workspaces_encrypt_with_one_secret_box(settings, monkeypatch):
    made = []
    monkeypatch.setattr(common_parts, "build_secret_box", lambda given: made.append(given) or build_secret_box(given))
    build_common(settings).close(timeout_s=0.1)
    assert made == [settings]


def test_mail_is_sent_where_a_server_is_set(settings):
    assert build_mail_server(settings) is None
    of_operator = {"smtp_url": "smtp://127.0.0.1:1", "mail_from": "bot@shop.example", "mail_domains": ("b.example",)}
    mail = build_mail_server(replace(settings, **of_operator))
    assert mail is not None
    assert (mail.url, mail.sender) == ("smtp://127.0.0.1:1", "bot@shop.example")
    assert mail.may_send_from("help@b.example")


def test_private_networks_are_called_where_the_operator_opened_them():
    build_guard(networks("10.0.0.0/8"), resolve_timeout_s=1).check_url("https://10.0.0.1")
    with pytest.raises(AddressRefused):
        build_guard((), resolve_timeout_s=1).check_url("https://10.0.0.1")
