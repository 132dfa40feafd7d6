"""The inbox and a conversation show how long the targets of the service level still have."""

import re

import pytest

from tests.web.calls import submit
from web.console.due_times import duration
from worker.conversations.outcomes import Handoff
from worker.service_levels.service_levels import ServiceLevels
from worker.service_policy import Policy
from worker.states import HandoffReason, Priority
from worker.store.tables import conversation, service_target

MINUTE = 60_000
POLICY = Policy.of(["urgent=10m", "normal=1h"], ["normal=4h"], [])


@pytest.mark.parametrize(
    ("minutes", "text"), [(0.2, "1m"), (45, "45m"), (60, "1h"), (200, "3h 20m"), (1_441, "1d"), (3_000, "2d 2h")]
)
def test_a_time_has_its_two_largest_units(minutes, text):
    assert duration(int(minutes * MINUTE)) == text


@pytest.fixture
def levels(services) -> ServiceLevels:
    levels = ServiceLevels(services.store, policies=lambda: lambda _id: POLICY)
    levels.apply_policies()
    return levels


@pytest.fixture
def hand_off(call, services, levels):
    """Hand off a new conversation that has waited for some minutes; return its id."""

    def do(text: str, priority: Priority = Priority.NORMAL, *, waited: float = 0) -> str:
        id = submit(call, text)["conversation_id"]
        handoff = Handoff(reason=HandoffReason.NO_ANSWER, summary="!", priority=priority)
        services.mailbox.finish(services.mailbox.claim(id), handoff)
        with services.store.begin() as tx:
            earlier = conversation.c.waiting_since - int(waited * MINUTE)
            tx.execute(conversation.update().where(conversation.c.id == id).values(waiting_since=earlier))
        levels.follow()
        return id

    return do


def titles(page: str) -> list[str]:
    return re.findall(r'id="conversation-[^"]+"[^>]*>([^<]+)</a>', page)


def test_the_list_shows_the_time_left_sorts_by_it_and_narrows_down_to_what_is_late(browser, hand_off):
    hand_off("I am calm")
    hand_off("I am urgent", Priority.URGENT)
    hand_off("I wait long", waited=52)
    hand_off("I wait too long", waited=75)
    page = browser.get("/console?view=waiting").text
    assert titles(page) == ["I am urgent", "I wait too long", "I wait long", "I am calm"]
    states = re.findall(r'class="sla (\w+)" title="First response due [^"]+"><time [^>]+>([^<]+)<', page)
    assert states == [("calm", "9m left"), ("overdue", "15m overdue"), ("soon", "7m left"), ("calm", "59m left")]
    page = browser.get("/console?view=waiting&order=due").text
    assert titles(page) == ["I wait too long", "I wait long", "I am urgent", "I am calm"]
    assert titles(browser.get("/console?due=overdue").text) == ["I wait too long"]
    page = browser.get("/console?view=waiting&due=soon&order=due").text
    assert titles(page) == ["I wait long"]
    assert 'href="/console?view=replied&amp;due=soon&amp;order=due"' in page
    assert "Nothing is overdue." in browser.get("/console?view=bot&due=overdue").text


def test_a_desk_without_targets_sees_nothing_of_them(browser, call):
    submit(call, "Hello?")
    page = browser.get("/console").text
    assert "Overdue" not in page
    assert ">Due<" not in page


def test_a_conversation_shows_its_targets_while_they_run_rest_and_are_reached(browser, hand_off, levels, services):
    id = hand_off("Where is my parcel?")
    page = browser.get(f"/console/conversations/{id}").text
    assert re.search(r"<dt>First response</dt><dd><span class=\"sla calm\".+59m left", page)
    assert re.search(r"<dt>Resolution</dt><dd><span class=\"sla calm\".+3h 59m left", page)
    browser.post(f"/console/conversations/{id}/replies", content="Let me see.", author="Grace")
    levels.follow()
    page = browser.get(f"/console/conversations/{id}").text
    assert "<dt>First response</dt><dd>reached</dd>" in page
    assert re.search(r"<dt>Resolution</dt><dd>paused until the customer writes, 3h 59m left</dd>", page)
    with services.store.begin() as tx:
        tx.execute(service_target.update().values(breached_at=1))
    quality = browser.get("/console/quality").text
    assert re.search(r"First response on time</dt><dd>0%", quality)
    assert re.search(r"Resolved on time</dt><dd>0%", quality)
    assert "Service levels" in quality
