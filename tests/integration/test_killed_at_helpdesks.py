"""Every helpdesk at once, with real processes of which one is killed at each step: one answer, one record, always."""

import contextlib
import os
import signal
import threading

import pytest
import sqlalchemy as sa

from tests.support.helpdesks import BOT, FAKES, SECRET, TOKEN, Entry, FakeDesk
from tests.support.processes import wait_for
from tests.support.stack import Stack, command, is_ready, services, stack
from tests.worker.answering.drafting.test_llm import control
from worker.launch.up import sample_folder
from worker.store.tables import delivery

HELP = "How do I reset my password?"
#: These have no status `pending`, and no tags by name.
_PLAIN = ("django_helpdesk", "intercom")

WORKERS = ("answer", "callback")


class Desks:
    """An installation with every helpdesk connected; workers are killed and started as a test likes."""

    def __init__(self, made: Stack, exits: contextlib.ExitStack):
        self.made, self.exits = made, exits
        self.fakes: dict[str, FakeDesk] = {kind: FAKES[kind]() for kind in sorted(FAKES)}
        self.ids = {}
        self.ticket = 10
        for kind, fake in self.fakes.items():
            new = {
                "name": kind,
                "kind": kind,
                "url": fake.url,
                "token": TOKEN,
                "webhook_secret": SECRET,
                "options": fake.options(),
                "mode": "reply",
                "answered": {"status": "closed"} if kind in _PLAIN else {"status": "pending", "tags": ["bot"]},
            }
            self.ids[kind] = made.call("POST", "/v1/helpdesks", new).json["id"]
        for role in WORKERS:
            self.start(role)

    def start(self, role: str) -> None:
        self.made.pids[role] = self.exits.enter_context(command(self.made, "worker", role)).pid

    def kill(self, role: str) -> None:
        os.killpg(self.made.pids[role], signal.SIGKILL)

    def customers_write(self) -> None:
        """Let a customer of each helpdesk open a ticket; each webhook comes twice."""
        self.ticket += 1
        for kind, fake in self.fakes.items():
            entry = fake.customer_writes(self.ticket, HELP)
            self.hook(kind, entry, times=2)

    def hook(self, kind: str, entry: Entry, *, times: int = 1) -> None:
        body, headers = self.fakes[kind].webhook(self.ticket, "written", entry)
        for _ in range(times):
            answered = self.made.call("POST", f"/v1/helpdesks/{self.ids[kind]}/inbound", data=body, headers=headers)
            assert answered.status == 204, (kind, answered.body)

    def echoes(self) -> None:
        """Send the bot what it wrote, as the helpdesks do whose bots may not list it."""
        for kind, fake in self.fakes.items():
            for entry in list(fake.tickets[self.ticket].entries):
                if fake.echoes and entry.author == BOT:
                    self.hook(kind, entry)

    def answers(self) -> dict[str, int]:
        return {kind: len(fake.bots(self.ticket, public=True)) for kind, fake in self.fakes.items()}

    def leases_end(self) -> None:
        """Let the time pass for which the attempts of a dead worker are its own."""
        with services(self.made.env) as built, built.store.begin() as tx:
            tx.execute(delivery.update().where(delivery.c.state == "pending").values(due_at=1))
            tx.execute(sa.text("UPDATE destination SET circuit_open_until = NULL, failures = 0"))

    def undelivered(self) -> int:
        with services(self.made.env) as built, built.store.read() as connection:
            waits = sa.select(sa.func.count()).where(delivery.c.state != "delivered")
            return connection.execute(waits).scalar_one()


@pytest.fixture(scope="module")
def desks(tmp_path_factory, models, model_url):
    home = tmp_path_factory.mktemp("home")
    env = {
        "OPENAI_BASE_URL": f"{model_url}/v1",
        "ANSWERBACK_MODELS": "good",
        "ANSWERBACK_ANSWER_CACHE_S": "0",
        "ANSWERBACK_CALLBACK_ALLOW": "127.0.0.0/8",
    }
    with contextlib.ExitStack() as exits:
        made = exits.enter_context(stack(home, models, workers=(), sample=sample_folder(), **env))
        desks = Desks(made, exits)
        wait_for(lambda: is_ready(made.url), what="readiness")
        yield desks
        for fake in desks.fakes.values():
            fake.shutdown()
            fake.server_close()


@pytest.fixture(autouse=True)
def _calm(model_url):
    control(model_url, latency_s=0, mode="answer", tokens_per_s=0, reset=True)


class Gate:
    """Holds calls of a helpdesk until it opens; `held` says how many."""

    def __init__(self):
        self.open = threading.Event()
        self.held = 0

    def __call__(self, *_call):
        if not self.open.is_set():
            self.held += 1
            self.open.wait(60)
            raise ConnectionResetError  # who called is dead


@pytest.mark.parametrize("step", ["before it is written", "after it was written", "before the ticket is changed"])
def test_a_worker_that_dies_while_it_posts_leaves_one_answer(desks, step):
    gates = []
    for fake in desks.fakes.values():
        gate = Gate()
        gates.append(gate)
        if step == "before it is written":
            fake.before_change = gate
        elif step == "after it was written":
            fake.before_answer = gate
        else:
            fake.before_answer = lambda fake=fake, gate=gate: setattr(fake, "before_change", gate)
    desks.customers_write()
    wait_for(lambda: all(gate.held for gate in gates), what="every helpdesk's call")
    assert set(desks.answers().values()) == {0 if step == "before it is written" else 1}
    desks.kill("callback")
    for gate in gates:
        gate.open.set()
    for fake in desks.fakes.values():
        fake.before_answer, fake.before_change = lambda: None, lambda _path: None
    desks.echoes()
    desks.leases_end()
    desks.start("callback")
    wait_for(lambda: desks.undelivered() == 0, what="every answer")
    assert desks.answers() == dict.fromkeys(desks.fakes, 1)
    for kind, fake in desks.fakes.items():
        assert fake.tickets[desks.ticket].status not in ("new", "open"), kind


def test_a_worker_that_dies_while_the_model_writes_leaves_one_answer(desks, model_url):
    control(model_url, latency_s=60)
    desks.customers_write()
    wait_for(lambda: control(model_url)["counts"]["active"] == len(desks.fakes), what="every call of the model")
    desks.kill("answer")
    control(model_url, latency_s=0)
    desks.start("answer")
    wait_for(lambda: desks.answers() == dict.fromkeys(desks.fakes, 1), what="every answer", timeout_s=60)
    wait_for(lambda: desks.undelivered() == 0, what="every delivery")
    assert desks.answers() == dict.fromkeys(desks.fakes, 1)


def test_an_agent_who_replies_while_the_answer_waits_is_the_only_one_who_does(desks, model_url):
    control(model_url, latency_s=3)
    desks.customers_write()
    wait_for(lambda: control(model_url)["counts"]["active"] == len(desks.fakes), what="every call of the model")
    for kind, fake in desks.fakes.items():
        body, headers = fake.webhook(desks.ticket, "written", fake.agent_writes(desks.ticket, "I am on it."))
        desks.made.call("POST", f"/v1/helpdesks/{desks.ids[kind]}/inbound", data=body, headers=headers)
    wait_for(lambda: control(model_url)["counts"]["active"] == 0, what="the end of the calls")
    wait_for(lambda: desks.undelivered() == 0, what="every delivery")
    owners = [
        one["owner"] for one in desks.made.call("GET", f"/v1/conversations?limit={len(desks.fakes)}").json["items"]
    ]
    assert owners == ["human"] * len(desks.fakes)
    assert desks.answers() == dict.fromkeys(desks.fakes, 0)
