"""The fault suite finds what it is there to find: a bug planted into the product makes it fail.

That it finds nothing without a bug is shown by `make faults`.
"""

import contextlib
import dataclasses
import sqlite3
from types import SimpleNamespace

import pytest

from tests.faults import __main__ as command
from tests.faults import trials
from tests.faults.checker import Received, Sent, Verdict, check
from tests.faults.faults import FAULTS
from tests.faults.harness import Report, all_answered, finish, measure
from tests.faults.rig import NotStarted


@pytest.mark.parametrize(
    ("plant", "number", "backend", "kind"),
    [
        pytest.param("no_fence", 3, "sqlite", "doubled: ", id="a finish without the fence"),
        pytest.param("no_key", 10, "sqlite", "doubled: key", id="an accept without the key check"),
        # On SQLite a claim waits for the commit, and this bug does no harm.
        pytest.param(
            *("hint_first", 9, "postgresql", "hints lead nowhere"),
            id="a hint published before the commit",
            marks=pytest.mark.postgresql,
        ),
    ],
)
def test_a_planted_bug_is_found(plant: str, number: int, backend: str, kind: str):
    _report, _verdict, problems = measure(FAULTS[number], backend, plant=plant)
    assert any(kind in problem for problem in problems), problems


# -- what is tried again ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "only_late"),
    [
        (["late"], True),
        ([NotStarted("2 workers were not ready after 90 s")], True),
        (["late", "problem"], False),
        (["problem"], False),
        ([TimeoutError("the others beside the poison was not ready after 30 s")], False),
        ([ConnectionResetError("by peer")], False),
        ([KeyError("items")], False),
    ],
    ids=str,
)
def test_only_what_is_late_is_tried_again_alone(monkeypatch, capsys, wrong, only_late):
    ran = []

    def measured(fault, backend):
        ran.append(fault.number)
        report = Report("did", recovery_s=1.0, bound_s=5.0)
        if len(ran) == 1:
            for one in wrong:
                if isinstance(one, Exception):
                    raise one
                report.expect_in_time(one != "late", "recovery took 9.0 s")
                report.expect(one != "problem", "a callback's signature does not verify")
        return report, Verdict(through=1), report.problems + report.late

    monkeypatch.setattr(trials, "measure", measured)
    monkeypatch.setattr(command, "run_all", lambda asked, _jobs: map(trials.run, asked))
    trial = trials.Trial(3, "sqlite")
    assert command.broken([trial], jobs=2) == ([] if only_late else [trial])
    assert len(ran) == (2 if only_late else 1)
    assert ("tried again, alone: 3 on sqlite" in capsys.readouterr().out) == only_late


def test_refused_signatures_and_tickets_that_nobody_took_are_more_than_late(tmp_path):
    with contextlib.closing(sqlite3.connect(tmp_path / "tables.db")) as made:
        made.execute("CREATE TABLE message (id, role, state, attempts, created_at, finished_at)")
        made.execute("INSERT INTO message VALUES ('m', 'customer', 'handed_off', 1, 1000, 2000)")
        made.commit()
    rig = SimpleNamespace(
        tables_url=f"sqlite:///{tmp_path / 'tables.db'}",
        wait_until_all_ended=lambda *, timeout_s: False,
        receiver=SimpleNamespace(refused=["d1"]),
        sent=[Sent(key="k", thread="t", at=1)],
        failures=["500 internal"],
    )
    report = finish(rig, "did", since=0.0, bound_s=5.0)
    all_answered(rig, report)
    assert [one.partition(":")[0] for one in report.problems] == [
        "a callback's signature does not verify",
        "1 were never accepted; clients saw ['500 internal']",
        "not all were answered",
    ]
    assert report.late == ["not everything ended, or was delivered, within 120 s"]


# -- the checker alone, on tables made by hand -----------------------------------------------------------------------


def row(id: str, seq: int, *, role="customer", state="answered", reply_id=None, at=None, handoff=None) -> dict:
    return {
        "id": id,
        "conversation_id": "c",
        "seq": seq,
        "role": role,
        "state": state,
        "reply_id": reply_id,
        "handoff": handoff,
        "created_at": seq * 1000,
        "started_at": None,
        "finished_at": at or seq * 1000 + 500,
        "attempts": 1,
    }


def well() -> dict:
    """Two questions, each with its answer."""
    return {
        "message": [
            row("q1", 1, reply_id="a1", at=2000),
            row("a1", 2, role="assistant"),
            row("q2", 3, reply_id="a2", at=4000),
            row("a2", 4, role="assistant"),
        ],
        "event": [
            {"message_id": id, "type": kind} for id in ("q1", "q2") for kind in ("queued", "running", "answered")
        ],
        "reply": [{"id": "a1", "content": "one"}, {"id": "a2", "content": "two"}],
        "delivery": [{"id": "d1", "message_id": "q1", "state": "delivered"}],
    }


def verdict(tables: dict, *, sent=None, shown=None, received=None):
    sent = sent or [
        Sent(key="k1", thread="t", at=1, ids=["q1"], callback=True),
        Sent(key="k2", thread="t", at=2, ids=["q2"]),
    ]
    told = {"q1": ("a1", "one"), "q2": ("a2", "two")}
    shown = shown or {
        id: {"state": "answered", "reply": {"id": reply, "content": text}} for id, (reply, text) in told.items()
    }
    body = b'{"data": {"message": {"id": "q1", "state": "answered"}}}'
    received = [Received(5.0, "d1", "/ok", body, "204")] if received is None else received
    return check(sent, tables, shown=shown, received=received)


def test_the_checker_is_content_with_what_is_well():
    found = verdict(well())
    assert found.kept, found.problems()
    assert found.through == 2


def test_the_checker_sees_a_message_that_vanished_or_never_ended():
    tables = well()
    tables["message"] = [one for one in tables["message"] if one["id"] not in ("q2", "a2")]
    tables["reply"].pop()
    assert any("not stored" in one for one in verdict(tables).lost)
    tables = well()
    tables["message"][2] |= {"state": "queued", "reply_id": None}
    assert any("has not ended" in one for one in verdict(tables).lost)


def test_the_checker_sees_two_answers_two_ends_and_two_messages_for_one_key():
    tables = well()
    tables["message"].append(row("a3", 5, role="assistant"))
    tables["reply"].append({"id": "a3", "content": "again"})
    assert any("answered twice" in one for one in verdict(tables).doubled)
    tables = well()
    tables["event"].append({"message_id": "q1", "type": "handed_off"})
    assert any("its log says" in one for one in verdict(tables).doubled)
    twins = [Sent(key="k", thread="t", at=1, ids=["q1"]), Sent(key="k", thread="t", at=2, ids=["q2"])]
    assert any("became 2 messages" in one for one in verdict(well(), sent=twins).doubled)


def test_the_checker_sees_answers_out_of_order():
    tables = well()
    first, second = tables["message"][0], tables["message"][2]
    first["reply_id"], second["reply_id"] = second["reply_id"], first["reply_id"]
    assert verdict(tables).disordered
    sent = [Sent(key="k1", thread="t", at=2, ids=["q1"]), Sent(key="k2", thread="t", at=1, ids=["q2"])]
    assert any("wrote in order" in one for one in verdict(well(), sent=sent, received=[]).disordered)


def test_the_checker_sees_callbacks_that_never_came_came_under_two_ids_or_tell_two_stories():
    assert any("never came" in one for one in verdict(well(), received=[]).lost)
    body = b'{"data": {"message": {"id": "q1", "state": "answered"}}}'
    one = Received(5.0, "d1", "/ok", body, "204")
    other_id = dataclasses.replace(one, id="d2")
    assert any("under 2 ids" in problem for problem in verdict(well(), received=[one, other_id]).doubled)
    other_body = dataclasses.replace(one, body=body.replace(b"answered", b"handed_off"))
    assert verdict(well(), received=[one, other_body]).doubled
