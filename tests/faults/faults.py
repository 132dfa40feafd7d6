"""The faults, each against an installation of its own. What is asserted beside the checker's verdict stands here."""

import contextlib
import random
import signal
import sqlite3
import statistics
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from tests.faults.checker import Tables, Verdict
from tests.faults.rig import Rig, rig
from tests.support.processes import ROOT, wait_for
from tests.support.stack import KEY

LEASE_S = 10.0

#: Until a sweeper takes up what nobody came for (2 s), its round (1 s), and the turn itself on a busy machine.
SWEPT_S = 5.0


@dataclass
class Report:
    """What a fault did: `recovery_s` is from its end to the last outcome that it delayed."""

    did: str
    recovery_s: float
    bound_s: float
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def expect(self, kept: object, problem: str) -> None:
        if not kept:
            self.problems.append(problem)


@dataclass(frozen=True, kw_only=True)
class Fault:
    number: int
    name: str
    run: Callable[[Rig], Report]
    settings: dict[str, str] = field(default_factory=dict)
    only: tuple[str, ...] = ("sqlite", "postgresql", "rabbitmq")


FAULTS: dict[int, Fault] = {}


def fault(
    number: int, name: str, *, only: tuple[str, ...] = ("sqlite", "postgresql", "rabbitmq"), **settings: str
) -> Callable[[Callable[[Rig], Report]], Callable[[Rig], Report]]:
    def register(run: Callable[[Rig], Report]) -> Callable[[Rig], Report]:
        FAULTS[number] = Fault(number=number, name=name, run=run, settings=settings, only=only)
        return run

    return register


def measure(fault: Fault, backend: str, *, plant: str = "") -> tuple[Report, Verdict, list[str]]:
    """Run a fault against an installation, with a bug planted if one is named; return also what was broken."""
    with rig(backend, **fault.settings) as made:
        made.plant = plant
        report = fault.run(made)
        verdict = made.verdict()
    problems = verdict.problems() + report.problems
    if report.recovery_s > report.bound_s:
        problems.append(f"recovery took {report.recovery_s:.1f} s")
    if not verdict.through:
        problems.append("nothing went through")
    return report, verdict, problems


def finish(rig: Rig, did: str, *, since: float, bound_s: float, timeout_s: float = 120.0) -> Report:
    """Wait for the end of everything, and measure from `since` to the last outcome."""
    rig.wait_until_all_ended(timeout_s=timeout_s)
    tables = Tables(rig.tables_url)
    (row,) = tables.rows("SELECT max(finished_at) AS last FROM message WHERE role = 'customer'")
    tables.close()
    recovery = (row["last"] or 0) / 1000 - since
    report = Report(did, max(0.0, recovery), bound_s)
    report.expect(not rig.receiver.refused, f"a callback's signature does not verify: {rig.receiver.refused[:1]}")
    return report


def all_answered(rig: Rig, report: Report) -> None:
    """No fault here is a reason to hand a customer over."""
    states = {one["state"] for one in _customers(rig)}
    report.expect(states == {"answered"}, f"not all were answered: {states}")


def _customers(rig: Rig) -> list[dict]:
    tables = Tables(rig.tables_url)
    try:
        return tables.rows("SELECT id, state, attempts, created_at, finished_at FROM message WHERE role = 'customer'")
    finally:
        tables.close()


def _stand(rig: Rig, *, workers: int = 1, callback: bool = True) -> None:
    for number in range(workers):
        rig.start(f"answer-{number}", "worker", "answer")
    if callback:
        rig.start("callback", "worker", "callback")
    rig.start("web", "web")


@fault(1, "an idle worker is stopped, gets work, is killed")
def stopped_idle(rig: Rig) -> Report:
    _stand(rig)
    rig.signal("answer-0", signal.SIGSTOP)
    rig.submit_many(30, talks=15, callback=True)
    time.sleep(1.0)  # the broker has handed the hints over
    rig.signal("answer-0", signal.SIGKILL)
    rig.start("answer-1", "worker", "answer")
    report = finish(rig, "30 messages; recovery from the next worker's start", since=time.time(), bound_s=SWEPT_S)
    all_answered(rig, report)
    return report


@fault(2, "kill -9 during the model call")
def killed_in_call(rig: Rig) -> Report:
    _stand(rig, workers=2)
    rig.control(latency_s=2.0)
    rig.submit_many(40, talks=40, callback=True)
    wait_for(lambda: rig.control()["counts"]["active"] >= 20, what="model calls")
    killed = time.time()
    rig.signal("answer-0", signal.SIGKILL)
    report = finish(rig, "40 messages, lease 10 s, model 2 s", since=killed, bound_s=LEASE_S + 2.0 + 2.0)
    all_answered(rig, report)
    report.expect(any(one["attempts"] > 1 for one in _customers(rig)), "the killed worker held nothing")
    return report


@fault(3, "stopped past its lease while another answers, then woken", ANSWERBACK_LEASE_S="2")
def zombie(rig: Rig) -> Report:
    rig.start("answer-0", "worker", "answer", plant=",".join(filter(None, ("numb", rig.plant))))
    rig.start("callback", "worker", "callback")
    rig.start("web", "web")
    rig.control(latency_s=1.5)
    rig.submit_many(24, talks=24, callback=True)
    wait_for(lambda: rig.control()["counts"]["active"] >= 24, what="model calls")
    time.sleep(0.5)  # all of them wait for the model, whose answers come while they sleep
    rig.signal("answer-0", signal.SIGSTOP)
    stopped = time.time()
    rig.start("answer-1", "worker", "answer")
    report = finish(rig, "24 messages, lease 2 s", since=stopped, bound_s=2.0 + 2.0 + 1.5 + 5.0)
    rig.signal("answer-0", signal.SIGCONT)
    time.sleep(3.0)  # the zombie writes now, if it may
    all_answered(rig, report)
    fenced = rig.counters()["writes_fenced"]
    report.notes.append(f"{fenced} writes of the zombie were fenced")
    report.expect(fenced > 0, "the zombie wrote nothing: the fence was not tried")
    return report


@fault(4, "every connection to the broker is killed with 50 in flight")
def connections_killed(rig: Rig) -> Report:
    _stand(rig)
    rig.control(latency_s=1.5)
    rig.submit_many(50, talks=50, callback=True)
    wait_for(lambda: rig.control()["counts"]["active"] >= 50, what="model calls")
    if rig.backend != "rabbitmq":
        rig.valkey.command("CLIENT", "KILL", "TYPE", "normal")
        rig.valkey.command("CLIENT", "KILL", "TYPE", "pubsub")
    count = rig.broker_proxy.reset()
    killed = time.time()
    time.sleep(1.0)
    rig.submit_many(20, talks=20, callback=True)
    report = finish(rig, f"{count} connections, 70 messages, model 1.5 s", since=killed, bound_s=SWEPT_S + 3.0)
    all_answered(rig, report)
    calls = rig.control()["counts"]["requests"]
    report.expect(calls == 70, f"the model was called {calls} times for 70 messages")
    return report


@fault(5, "the broker is shut down without saving and comes back empty", ANSWERBACK_ANSWER_CONCURRENCY="8")
def emptied(rig: Rig) -> Report:
    _stand(rig)
    rig.control(latency_s=0.5)
    rig.submit_many(40, talks=40, callback=True)  # 8 run, some are reserved, the rest is queued
    if rig.backend == "rabbitmq":
        rig.broker_proxy.refuse()
        purge_rabbitmq()
    rig.valkey.command("SHUTDOWN", "NOSAVE")
    rig.valkey.kill()
    rig.submit_many(10, talks=10, callback=True)  # accepting goes on
    time.sleep(2.0)
    rig.valkey.start(empty=True)
    rig.broker_proxy.heal()
    back = time.time()
    rig.submit_many(10, talks=10, callback=True)
    report = finish(rig, "60 messages, 8 slots; queued, reserved and running ones", since=back, bound_s=SWEPT_S + 5.0)
    all_answered(rig, report)
    report.expect(not rig.failures, f"clients saw {rig.failures[:3]}")
    return report


def purge_rabbitmq() -> None:
    """Empty the queues: what a broker without its disk would hold."""
    from kombu import Connection

    from tests.support.servers import RABBITMQ

    with Connection(RABBITMQ) as connection:
        for name in ("answer", "callback"):
            connection.default_channel.queue_purge(name)


@fault(6, "FLUSHALL twice a second under load")
def flushed(rig: Rig) -> Report:
    _stand(rig)
    stop = threading.Event()

    def flush() -> None:
        while not stop.wait(0.5):
            rig.valkey.command("FLUSHALL")

    thread = threading.Thread(target=flush)
    thread.start()
    for _ in range(6):
        began = time.monotonic()
        rig.submit_many(40, talks=10, callback=True, clients=4)
        time.sleep(max(0.0, 1.0 - (time.monotonic() - began)))
    stop.set()
    thread.join()
    flushed_at = time.time()
    report = finish(rig, f"{len(rig.sent)} messages, 12 flushes", since=flushed_at, bound_s=SWEPT_S)
    all_answered(rig, report)
    rig.submit("follow", "How do I reset my password?")
    rig.wait_until_all_ended()
    rig.valkey.command("FLUSHALL")
    rig.submit("follow", "And how long is a gift card valid?")
    rig.wait_until_all_ended()
    prompt = str(rig.control()["seen"][-1]["messages"]) if len(rig.control()["seen"]) < 1000 else ""
    report.expect("How do I reset my password?" in prompt, "what was said before a flush is not known after it")
    return report


@fault(7, "packets to broker and Redis are swallowed")
def swallowed(rig: Rig) -> Report:
    _stand(rig)
    ended = rig.restart_when_it_dies("answer-0", "worker", "answer")
    before = rig.submit_many(20, talks=20, callback=True)
    rig.wait_until_all_ended()
    rig.broker_proxy.swallow()
    rig.redis_proxy.swallow()
    # Hints from another front reach the broker, which hands them to a consumer that will never get them.
    flood(rig, [rig.call("GET", f"/v1/messages/{before[0].ids[0]}")[1]["conversation_id"]] * 10, direct=True)
    spent: list[float] = []

    def write(number: int) -> None:
        began = time.perf_counter()
        rig.submit(f"swallowed-{number}", callback=True)
        spent.append(time.perf_counter() - began)

    for number in range(200):
        write(number)
    time.sleep(4.0)
    meanwhile = sum(one["state"] == "answered" for one in _customers(rig)) - 20
    rig.broker_proxy.heal()
    rig.redis_proxy.heal()
    healed = time.time()
    resumed = _until_hints_work(rig, "healed")
    report = finish(rig, "200 messages while nothing got through", since=healed, bound_s=30.0)
    report.recovery_s = resumed
    p99 = sorted(spent)[int(len(spent) * 0.99) - 1] * 1000
    report.notes.append(
        f"202 after p50 {statistics.median(spent) * 1000:.0f} ms, p99 {p99:.0f} ms; "
        f"{meanwhile} of 200 answered meanwhile; the worker ended itself {ended()} times"
    )
    report.expect(p99 < 100, f"p99 of accepting was {p99:.0f} ms")
    report.expect(meanwhile > 0, "nothing was answered without the broker")
    all_answered(rig, report)
    return report


def _until_hints_work(rig: Rig, name: str, *, timeout_s: float = 60.0) -> float:
    """Return after how long answers come at once again, which without hints they cannot: a sweep takes 2 s."""
    began = time.monotonic()
    number = 0
    while time.monotonic() - began < timeout_s:
        number += 1
        sent = rig.submit(f"{name}-{number}")
        ends = time.monotonic() + 1.2
        while time.monotonic() < ends:
            if rig.call("GET", f"/v1/messages/{sent.ids[0]}")[1]["state"] == "answered":
                return time.monotonic() - began
            time.sleep(0.05)
    return timeout_s


@fault(8, "the process ends between the commit and the hint")
def exits_before_hint(rig: Rig) -> Report:
    rig.start("answer-0", "worker", "answer", plant="exit_before_hint:4")
    ended = rig.restart_when_it_dies("answer-0", "worker", "answer")
    rig.start("callback", "worker", "callback")
    rig.start("web", "web", plant="exit_before_hint:7")
    rig.submit_many(40, talks=40, callback=True)
    accepted = time.time()
    report = finish(rig, "the front at every 7th, the drain at its 4th", since=accepted, bound_s=LEASE_S + SWEPT_S + 5)
    report.expect(ended() >= 1, "the drain's process never died")
    report.expect(rig.failures, "the front's processes never died")
    report.notes.append(f"clients repeated {len(rig.failures)} requests with their keys")
    all_answered(rig, report)
    return report


@fault(9, "every hint comes five times at once, reordered")
def hints_five_times(rig: Rig) -> Report:
    _stand(rig, workers=2)
    rig.control(latency_s=0.2)
    sent = rig.submit_many(60, talks=20, callback=True)
    talks = sorted({rig.call("GET", f"/v1/messages/{one.ids[0]}")[1]["conversation_id"] for one in sent})
    several = talks * 5
    random.Random(9).shuffle(several)
    flood(rig, several)
    report = finish(rig, f"60 messages in 20 conversations, {len(several)} more hints", since=time.time(), bound_s=5.0)
    all_answered(rig, report)
    # Each alone, with nothing else in the way: a hint that says what is true brings the answer before any sweep.
    latencies = []
    rig.control(latency_s=0.0)
    for number in range(10):
        one = rig.submit(f"alone-{number}")
        rig.wait_until_all_ended(timeout_s=30)
        row = next(row for row in _customers(rig) if row["id"] == one.ids[0])
        latencies.append((row["finished_at"] - row["created_at"]) / 1000)
    report.notes.append(f"alone: p50 {statistics.median(latencies) * 1000:.0f} ms from accepted to answered")
    report.expect(statistics.median(latencies) < 1.0, "answers come only when they are swept: hints lead nowhere")
    return report


def flood(rig: Rig, conversation_ids: list[str], *, direct: bool = False) -> None:
    """Publish a hint for each of these; `direct` goes round the proxy."""
    script = (
        "import sys; from worker.app import app; from worker.hints import DRAIN, QUEUES, publisher\n"
        "publish = publisher(app)\n"
        "for id in sys.stdin.read().split(): publish(DRAIN, QUEUES[DRAIN], {'conversation_id': id})"
    )
    text = "\n".join(conversation_ids).encode()
    env = rig.env | (rig.direct if direct else {})
    subprocess.run([sys.executable, "-c", script], input=text, env=env, cwd=ROOT, check=True, timeout=60)


@fault(10, "one key from 20 clients at once; 50 messages into one conversation from 10 clients")
def twins(rig: Rig) -> Report:
    _stand(rig)
    with ThreadPoolExecutor(20) as pool:
        for round_ in range(5):
            barrier = threading.Barrier(20)

            def twin(number: int, barrier: threading.Barrier = barrier, round_: int = round_) -> None:
                barrier.wait()
                rig.submit(f"twin-{round_}", "Where is my parcel?", key=f"key-{round_}", callback=True)

            list(pool.map(twin, range(20)))
        list(
            pool.map(
                lambda client: [rig.submit("one", thread=f"client-{client}", callback=True) for _ in range(5)],
                range(10),
            )
        )
    report = finish(rig, "5 keys 20 times each, 50 messages", since=time.time(), bound_s=10.0)
    all_answered(rig, report)
    report.notes.append(f"duplicates refused {rig.counters()['duplicates_refused']}")
    return report


@fault(
    11,
    "a receiver fails, is too slow after taking it, resets; poison messages",
    ANSWERBACK_MAX_ATTEMPTS="3",
    ANSWERBACK_LEASE_S="2",
)
def bad_receiver(rig: Rig) -> Report:
    seen: set[tuple[str, str]] = set()

    def behave(path: str, id: str) -> str:
        first = (path, id) not in seen
        seen.add((path, id))
        return {"/500": "500", "/slow": "slow", "/reset": "reset"}.get(path, "204") if first else "204"

    rig.receiver.behave = behave
    rig.start("answer-0", "worker", "answer", plant="crash:CRASH")
    ended = rig.restart_when_it_dies("answer-0", "worker", "answer", plant="crash:CRASH")
    rig.start("callback", "worker", "callback")
    rig.start("web", "web")
    rig.control(poison="POISON")
    for path in ("500", "slow", "reset"):
        for number in range(4):
            rig.submit(f"{path}-{number}", callback=path)
    poison = [
        rig.submit("poisoned", f"How do I reset my password? {word}", callback=True) for word in ("POISON", "now?")
    ]
    others = rig.submit_many(20, talks=20, callback=True)
    wait_for(lambda: _state(rig, others[-1].ids[0]) == "answered", what="the others beside the poison")
    crash = rig.submit("crashing", "How do I reset my password? CRASH", callback=True)
    began = time.time()
    report = finish(rig, "12 callbacks that fail once, 2 kinds of poison", since=began, bound_s=60.0, timeout_s=150)
    ends = {one.ids[0]: _state(rig, one.ids[0]) for one in (*poison, crash)}
    report.expect(set(ends.values()) == {"handed_off"}, f"poison ended as {list(ends.values())}")
    report.expect(ended() >= 2, "the poison never took the worker down")
    again = rig.submit("poisoned", "Are you there?", callback=True)
    rig.wait_until_all_ended()
    report.expect(_state(rig, again.ids[0]) == "handed_off", "a poisoned conversation does not go on")
    repeated = sum(1 for one in rig.receiver.got if one.answered in ("500", "slow", "reset"))
    report.notes.append(f"{repeated} callbacks came twice under one id; the worker died {ended()} times")
    report.expect(repeated == 12, f"{repeated} of 12 callbacks failed first")
    return report


def _state(rig: Rig, id: str) -> str:
    return str(rig.call("GET", f"/v1/messages/{id}")[1]["state"])


@fault(12, "a rolling TERM every 5 s with cancels in flight, then commits cut in two")
def rolling(rig: Rig) -> Report:
    _stand(rig, workers=2)
    rig.control(latency_s=0.5)
    stop = threading.Event()

    def load(client: int) -> None:
        turn = 0
        while not stop.is_set():
            turn += 1
            one = rig.submit(f"rolling-{client}-{turn % 5}", callback=True)
            if turn % 4 == 0 and one.ids:
                rig.cancel(one)
            time.sleep(0.15)

    pool = ThreadPoolExecutor(4)
    running = [pool.submit(load, client) for client in range(4)]
    rounds = int(rig.env.get("FAULTS_ROUNDS", "24"))
    for number in range(rounds):
        began = time.monotonic()
        name = f"answer-{number % 2}"
        rig.signal(name, signal.SIGTERM)
        if number % 3 == 2:
            rig.signal("web", signal.SIGHUP)
        rig.processes[name].wait(20)
        rig.start(name, "worker", "answer")
        time.sleep(max(0.0, 5.0 - (time.monotonic() - began)))
    failures, sent = list(rig.failures), len(rig.sent)
    attempts = max(one["attempts"] for one in _customers(rig))
    cut = _kill_the_front(rig) if rig.database_proxy is None else _cut_commits(rig)
    stop.set()
    for one in running:
        one.result(60)
    pool.shutdown()
    report = finish(rig, f"{rounds} rounds, {sent} messages; then {cut}", since=time.time(), bound_s=LEASE_S + SWEPT_S)
    report.expect(not failures, f"clients noticed the restarts: {failures[:3]}")
    report.expect(attempts <= 2, f"a restart cost {attempts} attempts")
    report.notes.append(f"{len(rig.failures) - len(failures)} requests repeated after cut commits")
    states = {one["state"] for one in _customers(rig)}
    report.expect(states <= {"answered", "cancelled"}, f"states {states}")
    return report


def _cut_commits(rig: Rig) -> str:
    """Drop connections in the middle of a commit: now before the server saw it, now before the client heard of it."""
    assert rig.database_proxy is not None
    chance = random.Random(12)
    rig.database_proxy.cut_commit = lambda: chance.choice(("before", "after")) if chance.random() < 0.15 else None
    time.sleep(8)
    rig.database_proxy.cut_commit = lambda: None
    before, after = rig.database_proxy.cuts["before"], rig.database_proxy.cuts["after"]
    return f"{before} commits cut before and {after} after they were done"


def _kill_the_front(rig: Rig) -> str:
    """SQLite has no connection to drop: the process dies in the middle of its commits instead."""
    for _ in range(4):
        time.sleep(1.0)
        rig.signal("web", signal.SIGKILL)
        rig.start("web", "web")
    return "the front killed 4 times in the middle of its commits"


@fault(13, "a worker whose clock is an hour ahead, and one an hour behind")
def clocks(rig: Rig) -> Report:
    rig.start("answer-0", "worker", "answer", plant="clock:3600")
    rig.start("answer-1", "worker", "answer", plant="clock:-3600")
    rig.start("callback", "worker", "callback", plant="clock:-3600")
    rig.start("web", "web")
    rig.control(latency_s=0.3)
    rig.submit_many(80, talks=20, callback=True, deadline_s=60.0)
    sent = time.time()
    report = finish(rig, "80 messages", since=sent, bound_s=10.0)
    all_answered(rig, report)
    status, found = rig.call("POST", "/v1/search", {"query": "How do I reset my password?"})
    report.expect(status == 200 and found["items"], f"a search across clocks is answered {status}")
    return report


@fault(14, "a worker lives and no longer consumes")
def deaf(rig: Rig) -> Report:
    _stand(rig)
    ended = rig.restart_when_it_dies("answer-0", "worker", "answer")
    rig.submit_many(10, talks=10, callback=True)
    rig.wait_until_all_ended()
    first = rig.processes["answer-0"].pid
    script = "from worker.app import app; print(app.control.cancel_consumer('answer', reply=True, timeout=3))"
    subprocess.run(
        [sys.executable, "-c", script], env=rig.env, cwd=ROOT, check=True, timeout=60, stdout=subprocess.DEVNULL
    )
    deaf_at = time.time()
    rig.submit_many(20, talks=20, callback=True)
    wait_for(lambda: rig.processes["answer-0"].pid != first, timeout_s=60, what="the restart")
    noticed = time.time() - deaf_at
    resumed = _until_hints_work(rig, "heard")
    report = finish(rig, f"noticed and ended after {noticed:.0f} s", since=deaf_at, bound_s=60.0)
    report.recovery_s = noticed + resumed
    report.notes.append(f"stalled workers counted {rig.counters()['workers_stalled']}")
    report.expect(ended() == 1, f"the worker was started again {ended()} times")
    all_answered(rig, report)
    return report


@fault(15, "the database is away for 8 s under load")
def database_away(rig: Rig) -> Report:
    _stand(rig)
    rig.control(latency_s=0.5)
    pool = ThreadPoolExecutor(5)
    running = [pool.submit(_write_for, rig, 14.0, client) for client in range(4)]
    time.sleep(3.0)
    refusals = [pool.submit(_until_refused, rig, 20.0)]
    with _database_gone(rig):
        time.sleep(8.0)
    back = time.time()
    for one in running:
        one.result(90)
    refused = refusals[0].result(30)
    pool.shutdown()
    report = finish(rig, f"{len(rig.sent)} messages", since=back, bound_s=LEASE_S + SWEPT_S + 6.0)
    report.notes.append(f"clients saw {sorted(set(rig.failures))} and repeated {len(rig.failures)} requests")
    report.expect(set(rig.failures) <= {"503 database_away"}, f"clients saw {sorted(set(rig.failures))}")
    report.expect(refused is not None, "nobody was refused with 503 and Retry-After")
    all_answered(rig, report)
    return report


def _write_for(rig: Rig, seconds: float, client: int) -> None:
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        rig.submit(f"away-{client}-{random.randrange(5)}", callback=True)
        time.sleep(0.1)


def _until_refused(rig: Rig, seconds: float) -> str | None:
    """Return the Retry-After of the first 503, if there is one in time."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        request = urllib.request.Request(
            f"{rig.url}/v1/conversations",
            data=b"{}",
            headers={"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"},
        )
        try:
            urllib.request.urlopen(request, timeout=30).close()
        except urllib.error.HTTPError as error:
            with error:
                if error.code == 503:
                    return error.headers["Retry-After"]
        time.sleep(0.1)
    return None


@contextlib.contextmanager
def _database_gone(rig: Rig) -> Iterator[None]:
    """Refuse every connection to PostgreSQL; hold SQLite's lock, as a backup that went wrong would."""
    if rig.database_proxy is not None:
        rig.database_proxy.refuse()
        try:
            yield
        finally:
            rig.database_proxy.heal()
        return
    connection = sqlite3.connect(rig.tables_url.removeprefix("sqlite:///"), timeout=30, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        connection.execute("ROLLBACK")
        connection.close()
