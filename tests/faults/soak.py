"""Mistreat an installation at random under load, and account for every message: `python -m tests.faults.soak`.

What is done, when, and what clients write come from the seed; how the processes interleave does not.
"""

import argparse
import random
import signal
import statistics
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.broker_faults import purge_rabbitmq
from tests.faults.checker import Sent, Tables, Verdict
from tests.faults.rig import BACKENDS, Rig, rig
from worker.telemetry import logs

_CLIENTS = 6
_TURNS_PER_TALK = 8

#: A client's mean pause between two messages: about 30 messages a second together, so that a run has many faults.
_PAUSE_S = 0.2

#: Clients pause while so many messages wait: a backlog of minutes would say little.
_MAX_WAITING = 400


@dataclass
class Story:
    """What happened: faults as (time, name), depth as (time, messages waiting)."""

    began: float
    faults: list[tuple[float, str]] = field(default_factory=list)
    depth: list[tuple[float, int]] = field(default_factory=list)


class Mischief:
    """The things that go wrong, drawn by a seed."""

    def __init__(self, made: Rig, story: Story, seed: int) -> None:
        self._rig = made
        self._story = story
        self._chance = random.Random(seed)
        self._stop = threading.Event()
        self._kinds: dict[str, Callable[[], None]] = {
            "kill -9 answer": lambda: made.signal(self._answer(), signal.SIGKILL),
            "TERM answer": lambda: made.signal(self._answer(), signal.SIGTERM),
            "stop past the lease": self._pause,
            "kill -9 callback": lambda: made.signal("callback", signal.SIGKILL),
            "kill -9 web": lambda: made.signal("web", signal.SIGKILL),
            "HUP web": lambda: made.signal("web", signal.SIGHUP),
            "valkey killed, kept": lambda: self._restart_valkey(empty=False),
            "valkey killed, emptied": lambda: self._restart_valkey(empty=True),
            "FLUSHALL": lambda: made.valkey.command("FLUSHALL") and None,
            "connections reset": lambda: made.broker_proxy.reset() and None,
            "packets swallowed": self._swallow,
        }
        if made.backend == "rabbitmq":
            self._kinds["queues purged"] = purge_rabbitmq
        if made.database_proxy is not None:
            self._kinds["commits cut"] = self._cut
            self._kinds["database reset"] = lambda: made.database_proxy.reset() and None

    def run(self) -> None:
        """Do one thing after the other until it is enough."""
        order: list[str] = []
        while not self._stop.wait(self._chance.uniform(0.5, 3.0)):
            if not order:  # each of them once, in a new order, and again
                order = self._chance.sample(sorted(self._kinds), len(self._kinds))
            kind = order.pop()
            self._story.faults.append((time.time(), kind))
            self._kinds[kind]()

    def enough(self) -> None:
        self._stop.set()

    def _answer(self) -> str:
        return self._chance.choice(("answer-0", "answer-1"))

    def _pause(self) -> None:
        name = self._answer()
        self._rig.signal(name, signal.SIGSTOP)
        time.sleep(float(self._rig.env["ANSWERBACK_LEASE_S"]) + self._chance.uniform(0.5, 3.0))
        self._rig.signal(name, signal.SIGCONT)

    def _restart_valkey(self, *, empty: bool) -> None:
        self._rig.valkey.kill()
        time.sleep(self._chance.uniform(0.1, 2.0))
        self._rig.valkey.start(empty=empty)

    def _swallow(self) -> None:
        self._rig.broker_proxy.swallow()
        time.sleep(self._chance.uniform(1.0, 5.0))
        self._rig.broker_proxy.heal()

    def _cut(self) -> None:
        assert self._rig.database_proxy is not None
        self._rig.database_proxy.cut_commit = lambda: (
            self._chance.choice(("before", "after")) if self._chance.random() < 0.2 else None
        )
        time.sleep(2.0)
        self._rig.database_proxy.cut_commit = lambda: None


def soak(made: Rig, *, messages: int, seed: int) -> tuple[Story, Verdict]:
    """Run it; returns what happened and what became of every message."""
    made.start_together(
        {
            "answer-0": ("worker", "answer"),
            "answer-1": ("worker", "answer"),
            "callback": ("worker", "callback"),
            "web": ("web",),
        }
    )
    supervised = [
        made.restart_when_it_dies("answer-0", "worker", "answer"),
        made.restart_when_it_dies("answer-1", "worker", "answer"),
        made.restart_when_it_dies("callback", "worker", "callback"),
        made.restart_when_it_dies("web", "web"),
    ]
    made.control(latency_s=0.1)
    story = Story(began=time.time())
    mischief = Mischief(made, story, seed)
    over = threading.Event()
    watching = threading.Thread(target=_sample, args=(made, story, over))
    watching.start()
    causing = threading.Thread(target=mischief.run)
    causing.start()
    try:
        with ThreadPoolExecutor(_CLIENTS) as pool:
            share = -(-messages // _CLIENTS)
            clients = [
                pool.submit(_write, made, story, random.Random(f"{seed}-{number}"), number, share)
                for number in range(_CLIENTS)
            ]
            for client in clients:
                client.result()
    finally:
        mischief.enough()
        causing.join(60)
    made.wait_until_all_ended(timeout_s=180)
    over.set()
    watching.join(30)
    verdict = made.verdict()
    for end in supervised:
        end()
    return story, verdict


def _write(made: Rig, story: Story, chance: random.Random, client: int, count: int) -> None:
    """One client: writes into its own conversations, sometimes twice at once, and sometimes changes its mind."""
    with ThreadPoolExecutor(3) as twins:
        for number in range(count):
            while story.depth and story.depth[-1][1] > _MAX_WAITING:
                time.sleep(0.2)
            time.sleep(chance.uniform(0.0, 2 * _PAUSE_S))
            talk = f"soak-{client}-{chance.randrange(max(1, count // _TURNS_PER_TALK))}"
            kind = chance.random()
            callback = chance.random() < 0.3
            if kind < 0.05:  # the same request three times at once
                key = f"soak-{client}-{number}"
                same = [
                    twins.submit(
                        made.submit, talk, "Where is my parcel?", thread=f"{key}-{n}", callback=callback, key=key
                    )
                    for n in range(3)
                ]
                for one in same:
                    one.result()
                continue
            if kind < 0.08:
                _hand_off_and_back(made, made.submit(talk))
                continue
            one = made.submit(talk, callback=callback)
            if kind > 0.95 and one.ids:
                made.cancel(one)


def _hand_off_and_back(made: Rig, one: Sent) -> None:
    """A person takes the conversation and gives the message back to the bot: answered once more, or not at all."""
    talk = made.insist("GET", f"/v1/messages/{one.ids[0]}")[1]["conversation_id"]
    made.insist("POST", f"/v1/conversations/{talk}/handoff", {})
    made.retried.append(one.ids[0])
    if (
        made.insist("POST", f"/v1/messages/{one.ids[0]}/retry")[0] == 409
    ):  # it was answered already, or this is a repetition
        made.insist("POST", f"/v1/conversations/{talk}/resume")


def _sample(made: Rig, story: Story, over: threading.Event) -> None:
    tables = Tables(made.tables_url)
    try:
        while not over.wait(0.5):
            (row,) = tables.rows("SELECT count(*) AS n FROM message WHERE state IN ('queued', 'running')")
            story.depth.append((time.time(), row["n"]))
    finally:
        tables.close()


def latencies(made: Rig) -> list[tuple[float, float, str]]:
    """Return (accepted, seconds until the end, state) of each message, by the database's clock."""
    tables = Tables(made.tables_url)
    try:
        rows = tables.rows(
            "SELECT created_at, finished_at, state FROM message WHERE role = 'customer' AND finished_at IS NOT NULL"
        )
    finally:
        tables.close()
    return [(row["created_at"] / 1000, (row["finished_at"] - row["created_at"]) / 1000, row["state"]) for row in rows]


def draw(story: Story, ends: list[tuple[float, float, str]], path: Path, title: str) -> None:
    """Draw the timeline: what waits, what went wrong and when, and how long each message took."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    kinds = sorted({kind for _at, kind in story.faults})
    figure, (depth, faults, late) = plt.subplots(
        3, 1, sharex=True, figsize=(14, 10), height_ratios=(2, 2.4, 3), layout="constrained"
    )
    figure.suptitle(title)
    depth.fill_between(
        [at - story.began for at, _n in story.depth], [n for _at, n in story.depth], color="#7aa6c2", step="post"
    )
    depth.set_ylabel("messages waiting")
    colours = {kind: plt.get_cmap("tab20")(place % 20) for place, kind in enumerate(kinds)}
    for at, kind in story.faults:
        faults.plot(at - story.began, kinds.index(kind), marker="|", markersize=14, color=colours[kind], mew=3)
        for panel in (depth, late):
            panel.axvline(at - story.began, color=colours[kind], alpha=0.25, lw=0.8)
    faults.set_yticks(range(len(kinds)), kinds)
    faults.set_ylabel("faults")
    for state, colour in {"answered": "#2a6f4e", "cancelled": "#999999", "handed_off": "#c0392b"}.items():
        mine = [(at - story.began, spent) for at, spent, ended in ends if ended == state]
        if mine:
            late.scatter(*zip(*mine, strict=True), s=4, alpha=0.5, color=colour, label=f"{state} ({len(mine)})")
    late.set_yscale("log")
    late.set_ylabel("seconds from accepted to ended")
    late.set_xlabel("seconds")
    late.legend(loc="upper right")
    for panel in (depth, faults, late):
        panel.grid(alpha=0.2)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)
    plt.close(figure)


def run(*, messages: int, seed: int, backend: str, folder: Path) -> bool:
    """Run, print the table and draw the picture; return whether every promise was kept."""
    began = time.monotonic()
    burst = random.Random(seed).choice(("merge", "each"))
    with rig(backend, ANSWERBACK_LEASE_S="3", ANSWERBACK_MAX_ATTEMPTS="50", ANSWERBACK_BURST=burst) as made:
        story, verdict = soak(made, messages=messages, seed=seed)
        ends = latencies(made)
        counters = made.counters()
    for kind, count in sorted(Counter(kind for _at, kind in story.faults).items()):
        print(f"    {count:>4} × {kind}")
    spent = sorted(seconds for _at, seconds, state in ends if state == "answered") or [0.0]
    path = folder / f"soak-{backend}-{seed}.png"
    draw(story, ends, path, f"{verdict.through} messages, {len(story.faults)} faults, {backend}, {burst}, seed {seed}")
    kept = verdict.kept and verdict.through >= messages
    states = ", ".join(f"{count} {state}" for state, count in verdict.states.items())
    print(
        f"    policy {burst}, through {verdict.through} ({states})\n"
        f"    lost {len(verdict.lost)}  doubled {len(verdict.doubled)}  out of order {len(verdict.disordered)}\n"
        f"    accepted to answered: p50 {statistics.median(spent):.2f} s, "
        f"p99 {spent[int(len(spent) * 0.99) - 1]:.1f} s, "
        f"longest {spent[-1]:.1f} s\n"
        f"    requests that clients repeated: {len(made.failures)}; "
        + ", ".join(f"{name} {value}" for name, value in counters.items())
        + f"\n    {path}\n    {'kept' if kept else 'BROKEN'}  [{time.monotonic() - began:.0f} s]",
        flush=True,
    )
    for problem in verdict.problems():
        print(f"    PROBLEM {problem}", flush=True)
    return kept


def main() -> None:
    """Run it; exit 1 when a promise was broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=None, help="drawn and printed when it is not given")
    parser.add_argument("--on", choices=BACKENDS, default="sqlite")
    parser.add_argument("--folder", type=Path, default=Path("var/soak"))
    options = parser.parse_args()
    logs.configure("warning")
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(10**6)
    print(f"soak: {options.messages} messages on {options.on}, seed {seed}", flush=True)
    sys.exit(not run(messages=options.messages, seed=seed, backend=options.on, folder=options.folder))


if __name__ == "__main__":
    main()
