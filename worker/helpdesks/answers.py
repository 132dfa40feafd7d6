"""Read the answers of helpdesks: what is missing, or of another type than their API documents, is an UnreadableAnswer.

So a bug of this program is never taken for a fault of the helpdesk, nor the other way round.
"""

from typing import Any, TypeVar

from worker.helpdesks.protocol import HelpdeskRefused, Json, UnreadableAnswer

T = TypeVar("T")


def field(answer: Any, *path: str | int) -> Any:
    """Return the value at a path of names and positions in an answer.

    Raises:
        UnreadableAnswer: there is none.
    """
    value = answer
    for key in path:
        try:
            value = value[key]
        except (KeyError, IndexError, TypeError):
            raise UnreadableAnswer(f"The answer has no {_name(path)}.") from None
    return value


def record(answer: Any, *path: str | int) -> Json:
    """Return the object at a path of an answer.

    Raises:
        UnreadableAnswer: there is none.
    """
    return _of_type(dict, field(answer, *path), path)


def records(answer: Any, *path: str | int) -> list[Json]:
    """Return the list of objects at a path of an answer.

    Raises:
        UnreadableAnswer: there is none.
    """
    return [_of_type(dict, item, path) for item in _of_type(list, field(answer, *path), path)]


def optional_record(answer: Json, name: str) -> Json:
    """Return the object of a name in an answer, empty when it is missing or null.

    Raises:
        UnreadableAnswer: it is no object.
    """
    return _of_type(dict, answer.get(name) or {}, (name,))


def optional_list(answer: Json, name: str) -> list[Any]:
    """Return the list of a name in an answer, empty when it is missing or null.

    Raises:
        UnreadableAnswer: it is no list.
    """
    return _of_type(list, answer.get(name) or [], (name,))


def number(name: str, value: str) -> int:
    """Return an id that the helpdesk's API takes as a number.

    Raises:
        HelpdeskRefused: it is none; no other attempt would help.
    """
    if not (value.isascii() and value.isdecimal()):
        raise HelpdeskRefused(f"{name} must be a number, not {value!r}.", status=422)
    return int(value)


def _of_type(expected: type[T], value: Any, path: tuple[str | int, ...]) -> T:
    if not isinstance(value, expected):
        raise UnreadableAnswer(f"In the answer, {_name(path)} is {type(value).__name__}, not {expected.__name__}.")
    return value


def _name(path: tuple[str | int, ...]) -> str:
    return ".".join(map(str, path)) or "the answer itself"
