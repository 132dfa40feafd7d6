"""The manifest of a snapshot, and the check of its files against it. Opens no index."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kb.errors import SnapshotInvalid, SnapshotMissing, SnapshotOutdated
from kb.files import sha256_of

FORMAT = 3


def read_manifest(folder: Path, *, model: str | None = None) -> dict[str, Any]:
    """Return the manifest of a snapshot; `model` is the embedding model that will search it.

    Raises:
        SnapshotMissing: there is none in the folder.
        SnapshotInvalid: it cannot be read, is of another format, or was made with another model.
    """
    try:
        manifest: dict[str, Any] = json.loads((folder / "manifest.json").read_text())
    except FileNotFoundError:
        raise SnapshotMissing(f"There is no snapshot at {folder}: run `answerback snapshots rebuild`.") from None
    except ValueError:
        raise SnapshotInvalid(f"The manifest of the snapshot at {folder} cannot be read.") from None
    if manifest.get("format", 0) < FORMAT:
        raise SnapshotOutdated(f"The snapshot at {folder} is of an earlier format; an ingest worker publishes it anew.")
    if manifest["format"] != FORMAT:
        raise SnapshotInvalid(
            f"The snapshot at {folder} has format {manifest.get('format')}; this version reads {FORMAT}."
        )
    if model is not None and manifest["model"] != model:
        raise SnapshotInvalid(
            f"Snapshot {manifest['version']} was made with the embedding model {manifest['model']}, "
            f"but {model} is configured: run `answerback snapshots rebuild`."
        )
    return manifest


def verify_files(folder: Path, manifest: Mapping[str, Any]) -> None:
    """Compare every file of a snapshot with its checksum.

    Raises:
        SnapshotInvalid: one is missing or differs.
    """
    for name, expected in manifest["sha256"].items():
        path = folder / name
        if not path.is_file() or sha256_of(path) != expected:
            raise SnapshotInvalid(
                f"{path} is missing or damaged: run `answerback snapshots rebuild`, or activate another snapshot."
            )
