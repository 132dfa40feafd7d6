"""Packages that only exporting needs, and that an installation does not have by default."""

from importlib.util import find_spec

from kb.errors import ExportUnavailable

#: The packages of the extra `export` that are imported.
EXPORT = ("torch", "sentence_transformers", "onnx")


def require_export() -> None:
    """See that models can be exported.

    Raises:
        ExportUnavailable: packages are missing; it names them and says how to install them.
    """
    missing = [name for name in EXPORT if find_spec(name) is None]
    if missing:
        raise ExportUnavailable(f"{ExportUnavailable.__doc__} Missing: {', '.join(missing)}.")
