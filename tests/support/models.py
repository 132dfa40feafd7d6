"""The embedding model, exported once for all tests and benchmarks of a machine."""

import fcntl
import os
from pathlib import Path

from kb.export import DEFAULT_MODEL, export
from tests.support.processes import ROOT


def exported_models() -> Path:
    """Return the folder of exported models; the first call exports, which takes about 15 s."""
    folder = Path(os.environ.get("ANSWERBACK_MODEL_DIR") or ROOT / "var" / "models")
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".exporting").open("w") as lock:  # processes of one test run may come here at once
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / DEFAULT_MODEL / "manifest.json").exists():
            export(DEFAULT_MODEL, folder / DEFAULT_MODEL)
    return folder
