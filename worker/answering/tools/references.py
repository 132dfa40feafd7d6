"""References inside of JSON documents: `#/components/schemas/Order`."""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote


def target(document: Any, reference: str) -> Any:
    """Return the part of a document that a reference names.

    Raises:
        LookupError: the document has no such part, or the reference names none by its path.
    """
    if reference != "#" and not reference.startswith("#/"):
        raise LookupError(reference)
    found = document
    for part in reference.split("/")[1:]:
        name = unquote(part).replace("~1", "/").replace("~0", "~")
        if isinstance(found, Mapping):
            found = found[name]
        elif isinstance(found, list) and name.isdecimal():
            found = found[int(name)]
        else:
            raise LookupError(reference)
    return found


def references(value: Any) -> Iterator[str]:
    """Yield the references anywhere in a value."""
    if isinstance(value, Mapping):
        yield from (value[name] for name in ("$ref", "$dynamicRef") if isinstance(value.get(name), str))
    inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    for part in inner:
        yield from references(part)
