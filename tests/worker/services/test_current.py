"""A task finds the worker of its own process."""

import pytest

from worker.services import current
from worker.services.worker import build_worker


def test_a_task_of_another_queue_is_refused(settings):
    with pytest.raises(RuntimeError, match="no delivery worker"):
        current.delivering()
    worker = current.install(build_worker(settings, roles=("callback",)))
    assert current.delivering() is worker.delivering
    with pytest.raises(RuntimeError, match="no answer worker"):
        current.answering()
    with pytest.raises(RuntimeError, match="no ingest worker"):
        current.ingesting()
    assert current.uninstall() is worker
    assert current.installed() is None
    worker.common.close(timeout_s=0.1)
