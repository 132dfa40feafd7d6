"""What the bot writes into tickets, and when it only suggests it."""

from datetime import UTC, datetime

import pytest

from worker.deliveries.tickets import draft_reason, external_id, is_open, ticket_of
from worker.states import ConnectionState, HelpdeskMode
from worker.store.rows import Helpdesk

HOURS = {"timezone": "Europe/Berlin", "mon": "09:00-17:30", "fri": "22:00-02:00"}
MONDAY = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)  # 10:00 in Berlin


def desk(**fields):
    return Helpdesk(
        id="hd_1",
        workspace_id="ws_1",
        name="desk",
        kind="zendesk",
        url="https://a.example",
        **{"token": "t", "webhook_secret": "s", "options": {}, "created_at": 1, "updated_at": 1, **fields},
        mode=HelpdeskMode.REPLY,
        state=ConnectionState.ENABLED,
    )


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (MONDAY, True),
        (MONDAY.replace(hour=7), False),
        (MONDAY.replace(hour=17), False),
        (MONDAY.replace(day=6), False),
        (MONDAY.replace(day=9, hour=21, minute=30), True),  # Friday, 22:30
        (MONDAY.replace(day=10, hour=0, minute=30), True),  # Saturday, 01:30
        (MONDAY.replace(day=10, hour=1), False),
    ],
)
def test_hours_are_those_of_their_time_zone_and_may_go_past_midnight(at, expected):
    assert is_open(HOURS, at) == expected


def test_an_answer_outside_the_hours_or_in_another_language_is_a_draft():
    now = int(MONDAY.timestamp() * 1_000)
    question = "How do I reset my password, please? I cannot find the link in my account."
    assert draft_reason(desk(), question, now=now) == ""
    assert draft_reason(desk(hours=HOURS, languages=["en"]), question, now=now) == ""
    assert "outside the hours" in draft_reason(desk(hours=HOURS), question, now=now + 86_400_000)
    assert "another language: en" in draft_reason(desk(languages=["de"]), question, now=now)


def test_a_ticket_and_the_external_id_of_its_conversation_name_each_other():
    assert ticket_of("hd_1", external_id("hd_1", "7:8")) == "7:8"
