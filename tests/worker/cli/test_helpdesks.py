"""The command line, as a person and as a script use it."""

import json

from tests.support.helpdesks import TOKEN, FakeZendesk


def test_a_helpdesk_is_connected_set_up_checked_and_changed(run):
    desk = FakeZendesk()
    local = {"ANSWERBACK_CALLBACK_ALLOW": "127.0.0.0/8"}
    connect = ["helpdesk", "connect", "support", "--kind", "zendesk", "--url", desk.url, "--token", "wrong"]
    assert "bot_id" in run(*connect, **local).stderr
    done = run(*connect, "--option", "email=bot@desk.example", "--option", "bot_id=900", **local)
    assert done.returncode == 0, done.stderr
    assert "mode draft" in done.stdout
    assert "/inbound" in run("helpdesk", "setup", "support", "--public-url", "https://a.example", **local).stdout
    checked = run("helpdesk", "check", "support", **local)
    assert (checked.returncode, "401" in checked.stdout) == (1, True)
    changed = run("helpdesk", "change", "support", "--token", TOKEN, "--mode", "reply", **local)
    assert changed.returncode == 0, changed.stderr
    assert run("helpdesk", "check", "support", **local).returncode == 0
    (shown,) = json.loads(run("helpdesk", "--json").stdout)
    assert (shown["name"], shown["mode"]) == ("support", "reply")
    assert run("helpdesk", "check", "other").returncode == 1
    desk.shutdown()
    desk.server_close()
