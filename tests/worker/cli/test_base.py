"""The command line, as a person and as a script use it."""

import json

import click
import pytest
import yaml

from worker.cli import main
from worker.cli.base import count_of
from worker.errors import DatabaseUnavailable


def test_what_operators_do_here_is_kept(run):
    run("keys", "make", "desk", "--scopes", "read")
    (key,) = [one for one in json.loads(run("keys", "list", "--json").stdout) if one["name"] == "desk"]
    run("keys", "revoke", key["id"])
    kept = json.loads(run("audit", "--json").stdout)
    assert [(one["action"], one["subject"], one["via"]) for one in kept] == [
        ("keys.revoke", key["id"], "cli"),
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


EMPTY = (
    (("audit",), "The audit log is empty"),
    (("deliveries",), "There are no deliveries"),
    (("deliveries", "--state", "exhausted"), "No delivery matches"),
    (("helpdesk",), "answerback helpdesk connect"),
    (("snapshots",), "answerback ingest FILE"),
    (("sources",), "answerback sources add"),
    (("suggestions",), "There are no open suggestions"),
    (("suggestions", "draft"), "There is nothing to draft"),
    (("category", "list", "--output", "table"), "answerback category set"),
)


@pytest.mark.parametrize(("command", "said"), EMPTY, ids=[" ".join(command) for command, _said in EMPTY])
def test_an_empty_list_says_that_it_is_empty_and_what_fills_it(run, command, said):
    done = run(*command)
    assert (done.returncode, said in done.stdout, done.stderr) == (0, True, "")


UNKNOWN = (
    (("category", "check", "x"), "There is no category 'x'. `answerback category list` lists them."),
    (("deliveries", "show", "x"), "There is no delivery with this id. `answerback deliveries` lists them."),
    (("helpdesk", "change", "x"), "There is no helpdesk 'x'. `answerback helpdesk` lists them."),
    (("helpdesk", "setup", "x"), "There is no helpdesk 'x'. `answerback helpdesk` lists them."),
    (("keys", "revoke", "x"), "There is no key with this id. `answerback keys list` lists them."),
    (("snapshots", "activate", "x"), "There is no snapshot with this version. `answerback snapshots` lists them."),
    (("sources", "look", "x"), "There is no source 'x'. `answerback sources` lists them."),
    (("suggestions", "show", "x"), "There is no suggestion with this id. `answerback suggestions` lists them."),
    (("audit", "--workspace", "x"), "There is no workspace x: `answerback keys make --workspace x …` creates it."),
)


@pytest.mark.parametrize(("command", "said"), UNKNOWN, ids=[" ".join(command) for command, _said in UNKNOWN])
def test_an_unknown_name_is_said_first_with_the_command_that_lists_those_there_are(run, command, said):
    done = run(*command)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"{said}\n")


@pytest.mark.parametrize("command", [("search", " "), ("ask", "")])
def test_an_empty_question_is_refused_before_anything_is_opened(run, command):
    done = run(*command, ANSWERBACK_DATABASE_URL="sqlite:////nowhere/x.db")
    assert (done.returncode, "is empty" in done.stderr) == (2, True)


def test_before_the_first_start_every_command_says_so_and_makes_nothing(run, tmp_path):
    home = tmp_path / "new"
    commands = (
        ("audit",),
        ("ask", "Hi"),
        ("keys", "list"),
        ("sources",),
        ("status",),
        ("search", "x"),
        ("voice", "show"),
    )
    for command in (*commands, ("deliveries", "replay", "x"), ("suggestions", "draft"), ("helpdesk", "check", "x")):
        done = run(*command, ANSWERBACK_HOME=str(home), ANSWERBACK_DATABASE_URL="")
        assert (done.returncode, done.stdout) == (1, ""), command
        assert f"There is no database in {home}: run `answerback up`" in done.stderr, command
    assert run("restore", "nothing.tar.gz", ANSWERBACK_HOME=str(home), ANSWERBACK_DATABASE_URL="").returncode == 1
    assert not home.exists()
    assert run("doctor", ANSWERBACK_HOME=str(home), ANSWERBACK_DATABASE_URL="").returncode == 1
    assert list(home.iterdir()) == []


def test_lists_are_tables_with_heads_json_or_yaml(run):
    head, row = run("keys", "list").stdout.splitlines()
    assert head.split() == ["ID", "KEY", "WORKSPACE", "NAME", "SCOPES", "STATE"]
    assert row.split()[2:] == ["default", "test", "read,write,admin", "active"]
    as_json = run("keys", "list", "--output", "json").stdout
    assert as_json == run("keys", "list", "--json").stdout
    assert yaml.safe_load(run("keys", "list", "--output", "yaml").stdout) == json.loads(as_json)
    assert yaml.safe_load(run("voice", "show", "--output", "yaml").stdout) == json.loads(run("voice", "show").stdout)
    assert "max_sentences   5" in run("voice", "show", "--output", "table").stdout
    assert run("keys", "list", "--output", "xml").returncode == 2


def _commands(command, path=()):
    if isinstance(command, click.Group) and not command.invoke_without_command:
        for name, inner in command.commands.items():
            yield from _commands(inner, (*path, name))
    else:
        yield path, command
        for name, inner in getattr(command, "commands", {}).items():
            yield from _commands(inner, (*path, name))


def test_every_command_that_lists_or_shows_has_each_form_of_output():
    """Those that print what they make or measure, or that run until they are stopped, have not."""
    others = {"backtest", "backup", "completion", "eval", "flower", "listen", "login", "logout", "mcp", "migrate"}
    others |= {"restore", "tail", "trigger", "up", "web", "worker"}
    acts = {
        "accept",
        "invite",
        "disable",
        "enable",
        "reset",
        "role",
        "activate",
        "add",
        "change",
        "connect",
        "delete",
        "draft",
        "export",
        "make",
        "password",
        "pause",
    }
    acts |= {"rebuild", "refuse", "remove", "replay", "resume", "revoke", "set", "unset", "support", "setup"}
    acts |= {"apply", "authorize", "callback-secret", "disconnect", "rotate-secrets"}
    without = {path for path, command in _commands(main) if "output" not in {param.name for param in command.params}}
    assert {path for path in without if path[0] not in others and path[-1] not in acts} == {("category", "check")}


def test_a_database_that_cannot_be_reached_has_a_status_of_its_own(run):
    @main.command("unreachable")
    def unreachable():
        raise DatabaseUnavailable

    try:
        assert run("unreachable").returncode == 3
    finally:
        del main.commands["unreachable"]


@pytest.mark.parametrize(
    ("number", "noun", "text"),
    [(0, "file", "0 files"), (1, "file", "1 file"), (2_000, "lease", "2,000 leases"), (3, "reply", "3 replies")],
)
def test_numbers_have_their_nouns(number, noun, text):
    assert count_of(number, noun) == text
