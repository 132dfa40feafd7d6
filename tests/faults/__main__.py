"""Run the faults and print what became of every guarantee: `python -m tests.faults [NUMBER …] [--on BACKEND …]`."""

import argparse
import os
import socket
import sys
from collections.abc import Sequence

from tests.faults.faults import FAULTS
from tests.faults.rig import BACKENDS
from tests.faults.trials import Trial, run_all
from tests.support import mail_servers

_PORTS = {"sqlite": (), "postgresql": (5432,), "rabbitmq": (5432, 5672)}


def broken(trials: Sequence[Trial], jobs: int) -> list[Trial]:
    """Run faults and print their outcomes; return those that broke a promise.

    What is only late while another fault takes half of the machine is tried again alone. All else counts at once.
    """
    found, late = [], []
    for outcome in run_all(trials, jobs):
        print(outcome.text, flush=True)
        if not outcome.kept:
            (late if outcome.only_late and jobs > 1 else found).append(outcome.trial)
    if late:
        print(f"tried again, alone: {', '.join(map(str, late))}", flush=True)
        found += broken(late, 1)
    return found


def reachable(backend: str) -> bool:
    """Whether the servers that a backend needs answer."""
    try:
        for port in _PORTS[backend]:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("numbers", nargs="*", type=int, metavar="NUMBER", help=f"of {min(FAULTS)} to {max(FAULTS)}")
    parser.add_argument("--on", nargs="*", choices=BACKENDS, default=list(BACKENDS), help="all that run, without")
    parser.add_argument(
        "--skip", nargs="*", default=[], metavar="NUMBER:BACKEND", help="leave these out, as 6:rabbitmq"
    )
    parser.add_argument("--jobs", type=int, default=1, help="so many at a time")
    return parser.parse_args()


def main() -> None:
    """Run what is asked for; exit 1 when a promise was broken."""
    options = _options()
    failed: list[str] = []
    trials: list[Trial] = []
    required = os.environ.get("TEST_REQUIRE", "")
    for backend in options.on:
        if not reachable(backend):
            needed = any(name in required for name in ("postgresql", "rabbitmq"))
            print(f"{backend}: {'FAILED' if needed else 'skipped'}, its servers do not answer", flush=True)
            failed += [f"all on {backend}"] if needed else []
            continue
        numbers = options.numbers or sorted(FAULTS)
        asked = [number for number in numbers if f"{number}:{backend}" not in options.skip]
        asked = [number for number in asked if backend in FAULTS[number].only]
        if not mail_servers.are_installed() and (of_mail := [n for n in asked if FAULTS[n].needs == "mail"]):
            needed = "mail" in required.split(",")
            print(f"{of_mail}: {'FAILED' if needed else 'skipped'}, {mail_servers.NEEDED}", flush=True)
            failed += [f"{number} on {backend}" for number in of_mail if needed]
            asked = [number for number in asked if number not in of_mail]
        trials += [Trial(number, backend) for number in asked]
    failed += map(str, broken(trials, options.jobs))
    print(f"PROMISES WERE BROKEN by {', '.join(failed)}" if failed else "every promise was kept")
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
