"""The number of turns that one process takes at once."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Slots:
    """Counts the turns of this process, whether a hint or a sweep started them. Safe to share between threads."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._guard = threading.Lock()
        self.taken = 0

    @property
    def free(self) -> int:
        """The number of slots that could be taken now."""
        return self.size - self.taken

    @contextmanager
    def take(self) -> Iterator[bool]:
        """Hold a slot for the block; yields whether one was free. Never waits."""
        with self._guard:
            held = self.taken < self.size
            self.taken += held
        try:
            yield held
        finally:
            with self._guard:
                self.taken -= held
