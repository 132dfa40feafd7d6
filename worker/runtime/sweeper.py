"""The sweeper: once a second, each worker process looks in SQL for work that is due. No leader is elected.

The process does the work that it finds itself: a new hint would go through the broker that lost the first one.
"""

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

from worker.errors import AnswerbackError
from worker.telemetry import logs

log = logs.get(__name__)

#: Duties, and their intervals in seconds.
Duties = Sequence[tuple[Callable[[], None], float]]


class Sweeper:
    """A thread that performs duties at their intervals; it calls `beat` before each to show that it is running."""

    def __init__(self, duties: Duties, *, beat: Callable[[], None] = lambda: None) -> None:
        self._duties = duties
        self._beat = beat
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start sweeping."""
        self._thread = threading.Thread(target=self._run, name="sweeper", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop sweeping."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join(5)

    def _run(self) -> None:
        due = [0.0] * len(self._duties)
        while not self._stopped.is_set():
            for number, (duty, every_s) in enumerate(self._duties):
                self._beat()
                now = time.monotonic()
                if now >= due[number] and not self._stopped.is_set():
                    due[number] = now + every_s
                    self._perform(duty)
            self._stopped.wait(0.25)

    def _perform(self, duty: Callable[[], None]) -> None:
        try:
            duty()
        except AnswerbackError as error:
            log.warning("sweep_interrupted", code=error.code, **error.context)
        except Exception:
            log.exception("sweep_failed")


class WorkerPool:
    """A pool of threads for the work that the sweeper finds."""

    def __init__(self, size: int, *, name: str) -> None:
        self._pool = ThreadPoolExecutor(size, thread_name_prefix=name)
        self._guard = threading.Lock()
        self._busy = 0
        self._size = size

    @property
    def free(self) -> int:
        """Number of idle threads."""
        with self._guard:
            return self._size - self._busy

    def do(self, work: Callable[[str], None], ids: Iterable[str]) -> None:
        """Run `work` for each of `ids`."""
        for id in ids:
            with self._guard:
                self._busy += 1
            try:
                self._pool.submit(self._perform, work, id)
            except RuntimeError:  # stopping
                self._done()

    def stop(self) -> None:
        """Start no more work; running work is not waited for."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _perform(self, work: Callable[[str], None], id: str) -> None:
        try:
            work(id)
        except AnswerbackError as error:
            log.warning("swept_work_interrupted", code=error.code, **error.context)
        except Exception:
            log.exception("swept_work_failed")
        finally:
            self._done()

    def _done(self) -> None:
        with self._guard:
            self._busy -= 1
