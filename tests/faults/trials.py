"""Run faults on backends, several at a time, each in a process of its own."""

import multiprocessing
import time
import traceback
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass

from tests.faults.faults import FAULTS
from tests.faults.harness import measure
from tests.faults.rig import NotStarted
from worker.telemetry import logs


@dataclass(frozen=True)
class Trial:
    """A fault on a backend."""

    number: int
    backend: str

    def __str__(self) -> str:
        return f"{self.number} on {self.backend}"


@dataclass(frozen=True)
class Outcome:
    """How a trial ended: `only_late` says that nothing was broken but that something took too long."""

    trial: Trial
    kept: bool
    only_late: bool
    text: str


def run(trial: Trial) -> Outcome:
    """Run one fault on one backend."""
    logs.configure("warning")
    fault = FAULTS[trial.number]
    began = time.monotonic()
    title = f"{fault.number:>2}  {trial.backend:<10}  {fault.name}"
    try:
        report, verdict, problems = measure(fault, trial.backend)
    except Exception as error:  # noqa: BLE001 - a fault that cannot be run is reported like one that breaks something
        text = f"{title}\n    FAILED\n{traceback.format_exc()}"
        return Outcome(trial, kept=False, only_late=isinstance(error, NotStarted), text=text)
    states = ", ".join(f"{count} {state}" for state, count in verdict.states.items())
    text = (
        f"{title}\n"
        f"    {report.did}\n"
        f"    through {verdict.through} ({states})"
        f"  lost {len(verdict.lost)}  doubled {len(verdict.doubled)}  out of order {len(verdict.disordered)}"
        f"  recovery {report.recovery_s:.1f} s (at most {report.bound_s:.0f})"
        f"  {'kept' if not problems else 'BROKEN'}  [{time.monotonic() - began:.0f} s]"
    )
    notes = (*report.notes, *(f"PROBLEM {problem}" for problem in problems))
    text = "\n".join((text, *(f"    {line}" for line in notes)))
    return Outcome(trial, kept=not problems, only_late=0 < len(problems) == len(report.late), text=text)


def run_all(trials: Sequence[Trial], jobs: int) -> Iterator[Outcome]:
    """Run faults, `jobs` at a time, each in a process of its own; yield each outcome as it comes.

    On RabbitMQ one runs at a time, because all share its queues.
    """
    left = sorted(trials, key=lambda trial: trial.backend != "rabbitmq")
    running: dict[Future[Outcome], Trial] = {}
    with ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn")) as pool:
        while left or running:
            for trial in list(left):
                is_free = trial.backend != "rabbitmq" or all(other.backend != "rabbitmq" for other in running.values())
                if is_free and len(running) < jobs:
                    left.remove(trial)
                    running[pool.submit(run, trial)] = trial
            for ended in wait(running, return_when=FIRST_COMPLETED).done:
                del running[ended]
                yield ended.result()
