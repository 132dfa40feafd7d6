"""What every fault uses: an installation that stands, a report, and a way to wait for the end."""

import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.faults.checker import Tables, Verdict
from tests.faults.rig import Rig, rig
from tests.support.processes import ROOT

LEASE_S = 10.0

#: Until a sweeper takes up what nobody came for (2 s), its round (1 s), and the turn itself on a busy machine.
SWEPT_S = 5.0


@dataclass
class Report:
    """What a fault did: `recovery_s` is from its end to the last outcome that it delayed.

    `late` has the problems that a busy machine can cause alone: something took longer than it may. They are tried
    again without other faults beside them; `problems` has those that no machine excuses.
    """

    did: str
    recovery_s: float
    bound_s: float
    problems: list[str] = field(default_factory=list)
    late: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def expect(self, kept: object, problem: str) -> None:
        if not kept:
            self.problems.append(problem)

    def expect_in_time(self, kept: object, problem: str) -> None:
        """Expect that something took no longer than it may."""
        if not kept:
            self.late.append(problem)


@dataclass(frozen=True, kw_only=True)
class Fault:
    number: int
    name: str
    run: Callable[[Rig], Report]
    settings: dict[str, str] = field(default_factory=dict)
    only: tuple[str, ...] = ("sqlite", "postgresql", "rabbitmq")
    needs: str = ""  # what must be installed, as TEST_REQUIRE names it


FAULTS: dict[int, Fault] = {}


def fault(
    number: int,
    name: str,
    *,
    only: tuple[str, ...] = ("sqlite", "postgresql", "rabbitmq"),
    needs: str = "",
    **settings: str,
) -> Callable[[Callable[[Rig], Report]], Callable[[Rig], Report]]:
    def register(run: Callable[[Rig], Report]) -> Callable[[Rig], Report]:
        FAULTS[number] = Fault(number=number, name=name, run=run, settings=settings, only=only, needs=needs)
        return run

    return register


def measure(fault: Fault, backend: str, *, plant: str = "") -> tuple[Report, Verdict, list[str]]:
    """Run a fault against an installation, with a bug planted if one is named; return also what was broken."""
    with rig(backend, **fault.settings) as made:
        made.plant = plant
        report = fault.run(made)
        verdict = made.verdict()
        if any("internal" in one for one in made.failures):
            report.problems.append(f"the front failed: {made.tracebacks('web')[-1:]}")
        report.expect(verdict.through, "nothing went through")
        report.expect_in_time(report.recovery_s <= report.bound_s, f"recovery took {report.recovery_s:.1f} s")
        problems = verdict.problems() + report.problems + report.late
        if problems:
            report.notes += made.ends()
    return report, verdict, problems


def finish(rig: Rig, did: str, *, since: float, bound_s: float, timeout_s: float = 120.0) -> Report:
    """Wait for the end of everything, and measure from `since` to the last outcome."""
    in_time = rig.wait_until_all_ended(timeout_s=timeout_s)
    tables = Tables(rig.tables_url)
    (row,) = tables.rows("SELECT max(finished_at) AS last FROM message WHERE role = 'customer'")
    tables.close()
    recovery = (row["last"] or 0) / 1000 - since
    report = Report(did, max(0.0, recovery), bound_s)
    report.expect_in_time(in_time, f"not everything ended, or was delivered, within {timeout_s:.0f} s")
    report.expect(not rig.receiver.refused, f"a callback's signature does not verify: {rig.receiver.refused[:1]}")
    return report


def all_answered(rig: Rig, report: Report) -> None:
    """No fault here is a reason to hand a customer over."""
    refused = [one.key for one in rig.sent if not one.ids]
    report.expect(not refused, f"{len(refused)} were never accepted; clients saw {rig.failures[-3:]}")
    states = {one["state"] for one in customers(rig)}
    report.expect(states == {"answered"}, f"not all were answered: {states}")


def customers(rig: Rig) -> list[dict]:
    tables = Tables(rig.tables_url)
    try:
        return tables.rows("SELECT id, state, attempts, created_at, finished_at FROM message WHERE role = 'customer'")
    finally:
        tables.close()


def state_of(rig: Rig, id: str) -> str:
    return str(rig.call("GET", f"/v1/messages/{id}")[1]["state"])


def stand(rig: Rig, *, workers: int = 1, callback: bool = True) -> None:
    commands = {f"answer-{number}": ("worker", "answer") for number in range(workers)}
    if callback:
        commands["callback"] = ("worker", "callback")
    rig.start_together({**commands, "web": ("web",)})


def until_hints_work(rig: Rig, name: str, *, timeout_s: float = 60.0) -> float:
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
