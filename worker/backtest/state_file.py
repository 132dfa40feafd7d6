"""The state of a backtest: a line per ticket that is done, so that a run that was killed goes on where it was."""

import fcntl
import json
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TextIO

from worker.backtest.results import Result
from worker.errors import Conflict

_VERSION = 1


class StateFile:
    """Results on disk, each written before the next ticket is begun; `run` is an id for the accounts of model calls."""

    def __init__(self, file: TextIO, *, run: str, done: dict[int, Result]) -> None:
        self._file = file
        self.run = run
        self.done = done

    def add(self, result: Result) -> None:
        """Keep a result, also if the machine stops right after."""
        self._file.write(json.dumps(result.to_json(), ensure_ascii=False) + "\n")
        self._file.flush()
        os.fsync(self._file.fileno())
        self.done[result.number] = result


@contextmanager
def opened(path: Path, about: Mapping[str, Any], *, restart: bool) -> Iterator[StateFile]:
    """Yield the state of a run, with what an earlier process has done of it.

    Args:
        path: the file; it is made when it is missing, readable by its owner alone.
        about: all that results depend on; they are kept only while it is the same.
        restart: begin anew.

    Raises:
        Conflict: the file is of a run with other values in `about`, or another process writes it.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "r+", encoding="utf-8", errors="surrogateescape") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise Conflict(f"{path.name} is being written by another backtest.") from None
        if restart:
            file.truncate(0)
        lines = file.readlines()
        head = _head(lines, path)
        if head is None:
            head = {"version": _VERSION, "run": secrets.token_hex(6), **about}
            file.seek(0)
            file.truncate()
            file.write(json.dumps(head, ensure_ascii=False) + "\n")
            file.flush()
            yield StateFile(file, run=head["run"], done={})
            return
        _require_same(head, about, path)
        done = _done(lines[1:])
        if not lines[-1].endswith("\n"):  # cut short by the end of its process
            os.truncate(descriptor, path.stat().st_size - len(lines[-1].encode("utf-8", "surrogateescape")))
        file.seek(0, os.SEEK_END)
        yield StateFile(file, run=str(head["run"]), done=done)


def _head(lines: list[str], path: Path) -> dict[str, Any] | None:
    if not lines:
        return None
    with suppress(ValueError):
        head = json.loads(lines[0])
        if isinstance(head, dict) and head.get("version") == _VERSION and "run" in head:
            return head
    if len(lines) == 1 and not lines[0].endswith("\n"):
        return None  # the process ended while it wrote the first line
    raise Conflict(f"{path} is not the state of a backtest: move it away, or give --restart to overwrite it.")


def _require_same(head: Mapping[str, Any], about: Mapping[str, Any], path: Path) -> None:
    differing = [name for name, value in about.items() if head.get(name) != value]
    if differing:
        changes = ", ".join(f"{name.replace('_', ' ')} ({head.get(name)}, now {about[name]})" for name in differing)
        raise Conflict(
            f"{path.name} has results of another run: {changes}. Give another --report to keep them, or --restart to "
            "begin anew."
        )


def _done(lines: list[str]) -> dict[int, Result]:
    done: dict[int, Result] = {}
    for line in lines:
        with suppress(ValueError, TypeError, KeyError):
            result = Result.from_json(json.loads(line))
            done[result.number] = result
    return done
