"""What a change of the OpenAPI description breaks for clients that were written against the one before."""

from collections.abc import Iterator, Mapping
from typing import Any

Json = dict[str, Any]

_METHODS = ("get", "post", "put", "patch", "delete")
#: Bounds of requests that break a client when they get narrower, with the direction that is wider.
_WIDER = {"maxLength": 1, "maxItems": 1, "maximum": 1, "minLength": -1, "minItems": -1, "minimum": -1}
_IMPLIED = {"minLength": 0, "minItems": 0}


def breaking_changes(old: Json, new: Json) -> list[str]:
    """Return the changes from `old` to `new` that break clients, a line each, sorted."""
    return sorted({line for call in _calls(old) for line in _changes_of(call, old, new)})


def undeclared(old: Json, new: Json, declared: Mapping[str, str]) -> list[str]:
    """Return the breaking changes that are not among those `declared`, each with its reason."""
    return [change for change in breaking_changes(old, new) if change not in declared]


def _calls(spec: Json) -> list[tuple[str, str]]:
    return [(path, method) for path, calls in spec["paths"].items() for method in _METHODS if method in calls]


def _changes_of(call: tuple[str, str], old: Json, new: Json) -> Iterator[str]:
    path, method = call
    name = f"{method.upper()} {path}"
    before, after = old["paths"][path][method], new["paths"].get(path, {}).get(method)
    if after is None:
        yield f"{name}: removed"
        return
    if before.get("operationId") != after.get("operationId"):
        yield f"{name}: operationId is {after.get('operationId')}, was {before.get('operationId')}"
    compared = _Compared(old, new)
    yield from _parameters(name, before, after, compared)
    yield from compared.bodies(f"{name}: request", before.get("requestBody", {}), after.get("requestBody", {}), True)
    for status, response in before["responses"].items():
        if status.startswith("2"):
            if status not in after["responses"]:
                yield f"{name}: response {status} removed"
            else:
                yield from compared.bodies(f"{name}: response {status}", response, after["responses"][status], False)


def _parameters(name: str, before: Json, after: Json, compared: "_Compared") -> Iterator[str]:
    known = {(one["in"], one["name"]): one for one in map(compared.in_old, before.get("parameters", ()))}
    left = {(one["in"], one["name"]): one for one in map(compared.in_new, after.get("parameters", ()))}
    for (place, parameter), was in known.items():
        now = left.get((place, parameter))
        if now is None:
            yield f"{name}: {place} parameter {parameter} removed"
        else:
            where = f"{name}: {place} parameter {parameter}"
            yield from compared.schemas(where, was.get("schema", {}), now.get("schema", {}), True)
    for (place, parameter), now in left.items():
        if now.get("required") and not known.get((place, parameter), {}).get("required"):
            yield f"{name}: {place} parameter {parameter} is required now"


class _Compared:
    """Two descriptions, and the schemas that were compared on the way: these may contain themselves."""

    def __init__(self, old: Json, new: Json) -> None:
        self._old, self._new = old, new
        self._open: list[tuple[str, str]] = []

    def in_old(self, node: Json) -> Json:
        """Return a node of the old description, or what it refers to."""
        return _followed(self._old, node)

    def in_new(self, node: Json) -> Json:
        """Return a node of the new description, or what it refers to."""
        return _followed(self._new, node)

    def bodies(self, where: str, before: Json, after: Json, sent: bool) -> Iterator[str]:
        """Yield what breaks between two bodies; `sent` by the client, or else received by it."""
        before, after = self.in_old(before), self.in_new(after)
        if after.get("required") and sent and not before.get("required"):
            yield f"{where}: a body is required now"
        for kind, media in before.get("content", {}).items():
            if kind not in after.get("content", {}):
                yield f"{where}: {kind} removed"
            else:
                now = after["content"][kind].get("schema", {})
                yield from self.schemas(where, media.get("schema", {}), now, sent)

    def schemas(self, where: str, before: Json, after: Json, sent: bool) -> Iterator[str]:
        """Yield what breaks between two schemas and those inside them."""
        pair = (str(before.get("$ref", "")), str(after.get("$ref", "")))
        if pair[0] and pair in self._open:
            return
        self._open.append(pair)
        before, after = self.in_old(before), self.in_new(after)
        yield from _types(where, before, after, sent)
        yield from _enumerations(where, before, after, sent)
        if sent:
            yield from _bounds(where, before, after)
        yield from self._inner(where, before, after, sent)
        self._open.pop()

    def _inner(self, where: str, before: Json, after: Json, sent: bool) -> Iterator[str]:
        fields, left = before.get("properties", {}), after.get("properties", {})
        for name, field in fields.items():
            if name not in left:
                yield f"{where}: {name} removed"
            else:
                yield from self.schemas(f"{where}: {name}", field, left[name], sent)
        needed, still = set(before.get("required", ())), set(after.get("required", ()))
        if sent:
            yield from (f"{where}: {name} is required now" for name in still - needed)
        else:
            yield from (f"{where}: {name} may be absent now" for name in (needed - still) & left.keys())
        if "items" in before and "items" in after:
            yield from self.schemas(f"{where}[]", before["items"], after["items"], sent)


def _followed(spec: Json, node: Json) -> Json:
    """Return what a node refers to, and of a choice with null what is not null, with `nullable` added."""
    if "$ref" in node:
        found: Any = spec
        for part in node["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        return _followed(spec, found)
    choices = [one for one in node.get("anyOf", ()) if one.get("type") != "null"]
    if len(choices) == 1 and len(choices) < len(node["anyOf"]):
        return {**_followed(spec, choices[0]), "nullable": True}
    return node


def _kinds(schema: Json) -> set[str]:
    """Return the types that a schema allows; none for any."""
    given = schema.get("type", [])
    kinds = {given} if isinstance(given, str) else set(given)
    if "number" in kinds:
        kinds.add("integer")
    return kinds | ({"null"} if schema.get("nullable") else set())


def _types(where: str, before: Json, after: Json, sent: bool) -> Iterator[str]:
    was, now = _kinds(before), _kinds(after)
    narrower = bool(now) and (not was or not was <= now)
    wider = bool(was) and (not now or not now <= was)
    if narrower if sent else wider:
        yield f"{where}: type is {_named(now)}, was {_named(was)}"


def _named(kinds: set[str]) -> str:
    return " or ".join(sorted(kinds)) or "any"


def _enumerations(where: str, before: Json, after: Json, sent: bool) -> Iterator[str]:
    was, now = before.get("enum"), after.get("enum")
    if now is None or (was is None and not sent):
        return
    if was is None:
        yield f"{where}: only {', '.join(map(str, now))} allowed now"
        return
    yield from (f"{where}: value {value} removed" for value in was if value not in now)


def _bounds(where: str, before: Json, after: Json) -> Iterator[str]:
    for bound, sign in _WIDER.items():
        was, now = before.get(bound, _IMPLIED.get(bound)), after.get(bound)
        if now is not None and (was is None or (now - was) * sign < 0):
            yield f"{where}: {bound} is {now:g}, was {'none' if was is None else f'{was:g}'}"
    if "pattern" in after and after["pattern"] != before.get("pattern"):
        yield f"{where}: pattern is {after['pattern']}, was {before.get('pattern', 'none')}"
