"""What happens at the edges: twins of requests, receivers that fail, poison, a database that is away."""

import contextlib
import random
import sqlite3
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.faults.harness import (
    LEASE_S,
    SWEPT_S,
    Report,
    all_answered,
    fault,
    finish,
    stand,
    state_of,
)
from tests.faults.rig import Rig
from tests.support.processes import wait_for
from tests.support.stack import KEY


@fault(10, "one key from 20 clients at once; 50 messages into one conversation from 10 clients")
def twins(rig: Rig) -> Report:
    stand(rig)
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
    report = finish(rig, "5 keys 20 times each, 50 messages", since=time.time(), bound_s=20.0)
    all_answered(rig, report)
    report.notes.append(f"duplicates refused {rig.counters()['duplicates_refused']}")
    return report


@fault(
    11,
    "a receiver fails, is too slow after taking it, resets, drips, sends 10 MB, speaks no TLS; poison messages",
    ANSWERBACK_MAX_ATTEMPTS="3",
    ANSWERBACK_LEASE_S="2",
)
def bad_receiver(rig: Rig) -> Report:
    seen: set[tuple[str, str]] = set()

    def behave(path: str, id: str) -> str:
        first = (path, id) not in seen
        seen.add((path, id))
        return (
            {"/500": "500", "/slow": "slow", "/reset": "reset", "/drip": "200 drip", "/big": "200 big"}.get(path, "204")
            if first
            else "204"
        )

    rig.receiver.behave = behave
    rig.start("answer-0", "worker", "answer", plant="crash:CRASH")
    ended = rig.restart_when_it_dies("answer-0", "worker", "answer", plant="crash:CRASH")
    rig.start("callback", "worker", "callback")
    rig.start("web", "web")
    rig.control(poison="POISON")
    for path in ("500", "slow", "reset", "drip", "big"):
        for number in range(4):
            rig.submit(f"{path}-{number}", callback=path)
    poison = [
        rig.submit("poisoned", f"How do I reset my password? {word}", callback=True) for word in ("POISON", "now?")
    ]
    others = rig.submit_many(20, talks=20, callback=True)
    wait_for(lambda: state_of(rig, others[-1].ids[0]) == "answered", what="the others beside the poison")
    crash = rig.submit("crashing", "How do I reset my password? CRASH", callback=True)
    began = time.time()
    report = finish(
        rig, "20 callbacks whose receivers misbehave once, 2 kinds of poison", since=began, bound_s=90.0, timeout_s=180
    )
    ends = {one.ids[0]: state_of(rig, one.ids[0]) for one in (*poison, crash)}
    report.expect(set(ends.values()) == {"handed_off"}, f"poison ended as {list(ends.values())}")
    report.expect(ended() >= 2, "the poison never took the worker down")
    again = rig.submit("poisoned", "Are you there?", callback=True)
    rig.wait_until_all_ended()
    report.expect(state_of(rig, again.ids[0]) == "handed_off", "a poisoned conversation does not go on")
    failed = {one.id for one in rig.receiver.got if not one.answered.startswith("2")}
    repeated = len(failed & {one.id for one in rig.receiver.got if one.answered.startswith("2")})
    report.notes.append(f"{repeated} callbacks came twice under one id; the worker died {ended()} times")
    report.expect(repeated == 12, f"{repeated} of 12 callbacks came again after they failed")
    _without_tls(rig, report)
    return report


def _without_tls(rig: Rig, report: Report) -> None:
    """See that a receiver that cannot encrypt is told nothing in clear, and that the callback is kept to try again."""
    url = rig.receiver.url_of("tls").replace("http:", "https:")
    status, endpoint = rig.insist("POST", "/v1/endpoints", {"url": url, "events": ["message.answered"]})
    report.expect(status == 201, f"the endpoint was refused: {endpoint}")
    rig.submit("without-tls")

    def ended() -> dict[str, Any] | None:
        """Return the delivery once an attempt has ended: it counts from its begin."""
        _, found = rig.insist("GET", f"/v1/deliveries?endpoint={endpoint['id']}")
        return next((one for one in found["items"] if one["last_attempt"]), None)

    one = wait_for(ended, what="an attempt over TLS", timeout_s=60)
    report.expect(one["state"] == "pending", f"a callback that met no TLS is {one['state']}")
    report.expect("SSL" in str(one["last_attempt"]), f"what it met is told as {one['last_attempt']}")
    report.expect(not any(got.path == "/tls" for got in rig.receiver.got), "a callback was sent in clear")


@fault(15, "the database is away for 8 s under load")
def database_away(rig: Rig) -> Report:
    stand(rig)
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
    report.expect(set(rig.failures) <= {"503 database_unavailable"}, f"clients saw {sorted(set(rig.failures))}")
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
