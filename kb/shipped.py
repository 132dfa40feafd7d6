"""The embedding model that ships with the project, so that nothing needs PyTorch or a download to serve."""

from importlib import resources
from pathlib import Path

#: The model's name, and the one precision at which it ships; other precisions are exported.
MODEL = "all-MiniLM-L6-v2"
PRECISION = "int8"


def ships(model: str, precision: str) -> bool:
    """Whether a model ships at a precision (`int8` or `fp32`)."""
    return model == MODEL and precision == PRECISION


def models() -> Path:
    """Return the folder that holds the folders of the models that ship."""
    return Path(str(resources.files("kb"))) / "models"


def folder() -> Path:
    """Return the folder of the model that ships: the ONNX model, its tokenizer and its manifest."""
    return models() / MODEL


def repair(damaged: Path) -> str:
    """Return the remedy for a damaged model in a folder, as the end of a sentence."""
    if damaged == folder():
        return "install Answerback again, since it ships with it"
    return f"delete {damaged} and run `answerback model export`"


def tokenizer() -> Path:
    """Return the tokenizer of the model that ships, which other models made of MiniLM share."""
    return folder() / "tokenizer.json"
