"""Write the embedding model that ships: `python -m training.embedding`.

It exports the default model from the published weights, and keeps the int8 model, the published tokenizer and a
manifest. With the versions of `requirements.lock` the model is the same bit for bit (`--check` compares).
"""

import argparse
import json
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from kb import shipped
from kb.embedding import MODEL_FILES
from kb.export import export
from kb.files import sha256_of
from kb.model_sources import DEFAULT_MODEL, UPSTREAM_SHA256, resolve

#: Where the weights are published, and the licence under which.
UPSTREAM = {
    "name": "sentence-transformers/all-MiniLM-L6-v2",
    "licence": "Apache-2.0",
    "sha256": {"model.safetensors": UPSTREAM_SHA256["model.safetensors"]},
}


def write(folder: Path) -> dict[str, Any]:
    """Write the model to a folder, and return its manifest; the identity is that of the whole export."""
    with tempfile.TemporaryDirectory() as staging:
        exported = Path(staging) / DEFAULT_MODEL
        manifest = export(DEFAULT_MODEL, exported, report=print)
        folder.mkdir(parents=True, exist_ok=True)
        file = MODEL_FILES[shipped.PRECISION]
        shutil.copyfile(exported / file, folder / file)
    shutil.copyfile(f"{resolve(DEFAULT_MODEL)}/tokenizer.json", folder / "tokenizer.json")
    manifest["sha256"] = {name: sha256_of(folder / name) for name in (file, "tokenizer.json")}
    manifest["precisions"] = [shipped.PRECISION]
    manifest["upstream"] = UPSTREAM
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n")
    return manifest


def differences(folder: Path) -> list[str]:
    """Return the names of the files in which the model in a folder differs from the one that ships."""
    names = (MODEL_FILES[shipped.PRECISION], "tokenizer.json")
    return [name for name in names if sha256_of(folder / name) != sha256_of(shipped.folder() / name)]


def main() -> None:
    """Write the model that ships, or compare a new export with it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare with what ships, and write nothing")
    if not parser.parse_args().check:
        print(write(shipped.folder())["sha256"])
        return
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder))
        differing = differences(Path(folder))
    print(f"different: {', '.join(differing)}" if differing else "the same, bit for bit")
    sys.exit(bool(differing))


if __name__ == "__main__":
    main()
