"""Models that are exported for tests: once for all tests and benchmarks of a machine."""

import fcntl
from pathlib import Path

from kb.export import export
from kb.model_sources import DEFAULT_MODEL
from tests.support.processes import ROOT


def exported_models() -> Path:
    """Return a folder with the default model exported at every precision; the first call takes about 15 s.

    It needs the extra `export`. What needs int8 alone uses the model that ships (`kb.shipped.models`).
    """
    folder = ROOT / "var" / "models"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".exporting").open("w") as lock:  # processes of one test run may come here at once
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / DEFAULT_MODEL / "manifest.json").exists():
            export(DEFAULT_MODEL, folder / DEFAULT_MODEL)
    return folder
