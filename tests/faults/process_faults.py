"""What happens to processes: they are stopped, killed, restarted, deaf, or have another clock."""

import random
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from tests.faults.harness import (
    LEASE_S,
    SWEPT_S,
    Report,
    all_answered,
    customers,
    fault,
    finish,
    stand,
    until_hints_work,
)
from tests.faults.rig import Rig
from tests.support.processes import ROOT, wait_for


@fault(1, "an idle worker is stopped, gets work, is killed")
def stopped_idle(rig: Rig) -> Report:
    stand(rig)
    rig.freeze("answer-0")
    rig.submit_many(30, talks=15, callback=True)
    time.sleep(1.0)  # the broker has handed the hints over
    rig.signal("answer-0", signal.SIGKILL)
    rig.start("answer-1", "worker", "answer")
    report = finish(rig, "30 messages; recovery from the next worker's start", since=time.time(), bound_s=SWEPT_S)
    all_answered(rig, report)
    return report


@fault(2, "kill -9 during the model call")
def killed_in_call(rig: Rig) -> Report:
    stand(rig, workers=2)
    rig.control(latency_s=2.0, held=True)
    rig.submit_many(40, talks=40, callback=True)
    wait_for(lambda: rig.control()["counts"]["active"] >= 40, what="model calls")
    killed = time.time()
    rig.signal("answer-0", signal.SIGKILL)
    rig.control(held=False)
    report = finish(rig, "40 messages, lease 10 s, model 2 s", since=killed, bound_s=LEASE_S + 2.0 + 2.0)
    all_answered(rig, report)
    report.expect(any(one["attempts"] > 1 for one in customers(rig)), "the killed worker held nothing")
    return report


@fault(3, "stopped past its lease while another answers, then woken", ANSWERBACK_LEASE_S="2")
def zombie(rig: Rig) -> Report:
    rig.start("answer-0", "worker", "answer", plant=",".join(filter(None, ("numb", rig.plant))))
    rig.start("callback", "worker", "callback")
    rig.start("web", "web")
    rig.control(latency_s=1.5, held=True)
    rig.submit_many(24, talks=24, callback=True)
    wait_for(lambda: rig.control()["counts"]["active"] >= 24, what="model calls")
    rig.freeze("answer-0")
    stopped = time.time()
    rig.control(held=False)  # the answers come while it sleeps
    rig.start("answer-1", "worker", "answer")
    report = finish(rig, "24 messages, lease 2 s", since=stopped, bound_s=2.0 + 2.0 + 1.5 + 5.0)
    rig.signal("answer-0", signal.SIGCONT)
    with suppress(TimeoutError):
        wait_for(lambda: rig.counters()["writes_fenced"] > 0, timeout_s=12.0)
    time.sleep(1.0)  # its other writes come at the same time, if it may
    all_answered(rig, report)
    fenced = rig.counters()["writes_fenced"]
    report.notes.append(f"{fenced} writes of the zombie were fenced")
    report.expect(fenced > 0, "the zombie wrote nothing: the fence was not tried")
    return report


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


@fault(12, "a rolling TERM every 5 s with cancels in flight, then commits cut in two")
def rolling(rig: Rig) -> Report:
    stand(rig, workers=2)
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
    attempts = max(one["attempts"] for one in customers(rig))
    cut = _kill_the_front(rig) if rig.database_proxy is None else _cut_commits(rig)
    stop.set()
    for one in running:
        one.result(60)
    pool.shutdown()
    report = finish(rig, f"{rounds} rounds, {sent} messages; then {cut}", since=time.time(), bound_s=LEASE_S + SWEPT_S)
    report.expect(not failures, f"clients noticed the restarts: {failures[:3]}")
    report.expect(attempts <= 2, f"a restart cost {attempts} attempts")
    report.notes.append(f"{len(rig.failures) - len(failures)} requests repeated after cut commits")
    report.expect(any(one.cancelled for one in rig.sent), "no cancel was in time")
    states = {one["state"] for one in customers(rig)}
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
    stand(rig)
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
    resumed = until_hints_work(rig, "heard")
    report = finish(rig, f"noticed and ended after {noticed:.0f} s", since=deaf_at, bound_s=60.0)
    report.recovery_s = noticed + resumed
    report.notes.append(f"stalled workers counted {rig.counters()['workers_stalled']}")
    report.expect(ended() == 1, f"the worker was started again {ended()} times")
    all_answered(rig, report)
    return report
