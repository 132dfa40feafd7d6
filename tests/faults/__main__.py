"""Run the faults and print what became of every guarantee: `python -m tests.faults [NUMBER …] [--on BACKEND …]`."""

import argparse
import os
import socket
import sys
import time
import traceback

from tests.faults.faults import FAULTS
from tests.faults.harness import Fault, measure
from tests.faults.rig import BACKENDS
from worker.telemetry import logs

_PORTS = {"sqlite": (), "postgresql": (5432,), "rabbitmq": (5432, 5672)}


def run(fault: Fault, backend: str) -> bool:
    """Run one fault on one backend and print its lines; return whether every promise was kept."""
    began = time.monotonic()
    title = f"{fault.number:>2}  {backend:<10}  {fault.name}"
    try:
        report, verdict, problems = measure(fault, backend)
    except Exception:  # noqa: BLE001 - a fault that cannot be run is reported like one that breaks something
        print(f"{title}\n    FAILED\n{traceback.format_exc()}", flush=True)
        return False
    states = ", ".join(f"{count} {state}" for state, count in verdict.states.items())
    print(
        f"{title}\n"
        f"    {report.did}\n"
        f"    through {verdict.through} ({states})"
        f"  lost {len(verdict.lost)}  doubled {len(verdict.doubled)}  out of order {len(verdict.disordered)}"
        f"  recovery {report.recovery_s:.1f} s (at most {report.bound_s:.0f})"
        f"  {'kept' if not problems else 'BROKEN'}  [{time.monotonic() - began:.0f} s]",
        flush=True,
    )
    for line in (*report.notes, *(f"PROBLEM {problem}" for problem in problems)):
        print(f"    {line}", flush=True)
    return not problems


def reachable(backend: str) -> bool:
    """Whether the servers that a backend needs answer."""
    try:
        for port in _PORTS[backend]:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def main() -> None:
    """Run what is asked for; exit 1 when a promise was broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("numbers", nargs="*", type=int, metavar="NUMBER", help=f"of {min(FAULTS)} to {max(FAULTS)}")
    parser.add_argument("--on", nargs="*", choices=BACKENDS, default=list(BACKENDS), help="all that run, without")
    options = parser.parse_args()
    logs.configure("warning")
    broken: list[str] = []
    required = os.environ.get("TEST_REQUIRE", "")
    for backend in options.on:
        if not reachable(backend):
            needed = any(name in required for name in ("postgresql", "rabbitmq"))
            print(f"{backend}: {'FAILED' if needed else 'skipped'}, its servers do not answer", flush=True)
            broken += [f"all on {backend}"] if needed else []
            continue
        for number in options.numbers or sorted(FAULTS):
            if backend in FAULTS[number].only and not run(FAULTS[number], backend):
                broken.append(f"{number} on {backend}")
    print(f"PROMISES WERE BROKEN by {', '.join(broken)}" if broken else "every promise was kept")
    sys.exit(bool(broken))


if __name__ == "__main__":
    main()
