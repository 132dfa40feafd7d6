"""The command line, as a person and as a script use it."""

import json


def test_what_operators_do_here_is_kept(run):
    run("keys", "make", "desk", "--scopes", "read")
    (key,) = [one for one in json.loads(run("keys", "list", "--json").stdout) if one["name"] == "desk"]
    assert run("keys", "password", key["id"], "grace", "--password", "correct horse").returncode == 0
    assert run("keys", "password", key["id"], "grace", "--password", "short").returncode == 1
    run("keys", "revoke", key["id"])
    kept = json.loads(run("audit", "--json").stdout)
    assert [(one["action"], one["subject"], one["via"]) for one in kept] == [
        ("keys.revoke", key["id"], "cli"),
        ("keys.set_password", key["id"], "cli"),
        ("keys.make", "desk", "cli"),
    ]
    assert all(one["actor"] for one in kept)
    assert "keys.revoke" in run("audit").stdout


def test_what_goes_wrong_is_one_sentence(run, tmp_path):
    for arguments, changes, expected in (
        (("ingest", str(tmp_path)), {"ANSWERBACK_EMBEDDING_MODEL": "acme/none"}, "answerback model export"),
        (("search", "x"), {}, "ingest documents first"),
        (("search", "x"), {"ANSWERBACK_DATABASE_URL": f"sqlite:///{tmp_path}/new.db"}, "answerback migrate"),
        (("eval", str(tmp_path)), {}, "not a labelled set"),
        (("doctor",), {"ANSWERBACK_PORT": "x"}, "ANSWERBACK_PORT must be"),
    ):
        done = run(*arguments, **changes)
        assert done.returncode == 1, arguments
        assert expected in done.stderr
        assert "Traceback" not in done.stderr


def test_help_is_everywhere(run):
    for arguments in ((), ("ask",), ("keys", "make"), ("snapshots",), ("worker",)):
        assert "Usage:" in run(*arguments, "--help").stdout
