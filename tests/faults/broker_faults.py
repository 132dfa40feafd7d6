"""What happens to the broker and to Redis: connections break, all is lost, nothing gets through, hints multiply."""

import random
import statistics
import threading
import time

from tests.faults.harness import SWEPT_S, Report, all_answered, customers, fault, finish, flood, stand, until_hints_work
from tests.faults.rig import Rig
from tests.support.processes import wait_for


@fault(4, "every connection to the broker is killed with 50 in flight")
def connections_killed(rig: Rig) -> Report:
    stand(rig)
    rig.control(latency_s=1.5, held=True)
    rig.submit_many(50, talks=50, callback=True)
    wait_for(lambda: rig.control()["counts"]["active"] >= 50, what="model calls")
    if rig.backend != "rabbitmq":
        rig.valkey.command("CLIENT", "KILL", "TYPE", "normal")
        rig.valkey.command("CLIENT", "KILL", "TYPE", "pubsub")
    count = rig.broker_proxy.reset()
    killed = time.time()
    rig.control(held=False)
    time.sleep(1.0)
    rig.submit_many(20, talks=20, callback=True)
    report = finish(rig, f"{count} connections, 70 messages, model 1.5 s", since=killed, bound_s=SWEPT_S + 3.0)
    all_answered(rig, report)
    calls = rig.control()["counts"]["requests"]
    report.expect(calls == 70, f"the model was called {calls} times for 70 messages")
    return report


@fault(5, "the broker is shut down without saving and comes back empty", ANSWERBACK_ANSWER_CONCURRENCY="8")
def emptied(rig: Rig) -> Report:
    stand(rig)
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
    report.expect_in_time(until_hints_work(rig, "back") < 20, "hints no longer lead to answers")
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
    stand(rig)
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
    report.expect_in_time(until_hints_work(rig, "flushed") < 20, "hints no longer lead to answers")
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
    stand(rig)
    ended = rig.restart_when_it_dies("answer-0", "worker", "answer")
    before = rig.submit_many(20, talks=20, callback=True)
    well = _time_accepting(rig, "well")
    rig.wait_until_all_ended()
    earlier = len(rig.sent)
    rig.broker_proxy.swallow()
    rig.redis_proxy.swallow()
    # Hints from another front reach the broker, which hands them to a consumer that will never get them.
    flood(rig, [rig.call("GET", f"/v1/messages/{before[0].ids[0]}")[1]["conversation_id"]] * 10, direct=True)
    spent = _time_accepting(rig, "swallowed")
    time.sleep(4.0)
    meanwhile = sum(one["state"] == "answered" for one in customers(rig)) - earlier
    rig.broker_proxy.heal()
    rig.redis_proxy.heal()
    healed = time.time()
    resumed = until_hints_work(rig, "healed")
    report = finish(rig, "200 messages while nothing got through", since=healed, bound_s=30.0)
    report.recovery_s = resumed
    p99, p99_well = ((sorted(times)[int(len(times) * 0.99) - 1]) * 1000 for times in (spent, well))
    report.notes.append(
        f"202 after p50 {statistics.median(spent) * 1000:.0f} ms, p99 {p99:.0f} ms (before {p99_well:.0f}); "
        f"{meanwhile} of 200 answered meanwhile; the worker ended itself {ended()} times"
    )
    # The bench holds it to 100 ms on a quiet machine; here, to what this machine does at this moment.
    report.expect_in_time(p99 < max(100, 3 * p99_well), f"p99 of accepting was {p99:.0f} ms, {p99_well:.0f} ms before")
    report.expect(meanwhile > 0, "nothing was answered without the broker")
    all_answered(rig, report)
    return report


def _time_accepting(rig: Rig, name: str) -> list[float]:
    """Submit 200 tickets one after the other; return the seconds that each took."""
    spent = []
    for number in range(200):
        began = time.perf_counter()
        rig.submit(f"{name}-{number}", callback=True)
        spent.append(time.perf_counter() - began)
    return spent


@fault(9, "every hint comes five times at once, reordered")
def hints_five_times(rig: Rig) -> Report:
    stand(rig, workers=2)
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
        row = next(row for row in customers(rig) if row["id"] == one.ids[0])
        latencies.append((row["finished_at"] - row["created_at"]) / 1000)
    report.notes.append(f"alone: p50 {statistics.median(latencies) * 1000:.0f} ms from accepted to answered")
    report.expect_in_time(
        statistics.median(latencies) < 1.0, "answers come only when they are swept: hints lead nowhere"
    )
    return report
