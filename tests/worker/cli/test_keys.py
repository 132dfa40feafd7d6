"""The command line, as a person and as a script use it."""

import json


def test_keys_are_made_listed_and_revoked(run):
    made = run("keys", "make", "desk", "--scopes", "read", "--expires-in-days", "1").stdout.strip()
    assert made.startswith("ab_")
    (listed,) = [key for key in json.loads(run("keys", "list", "--json").stdout) if key["name"] == "desk"]
    assert listed["scopes"] == ["read"]
    assert made not in run("keys", "list").stdout
    assert run("keys", "revoke", listed["id"]).returncode == 0
    assert run("keys", "revoke", "key_none").returncode == 1
    assert run("keys", "make", "x", "--scopes", "root").returncode == 2
    assert run("keys", "callback-secret").stdout.startswith("whsec_")
