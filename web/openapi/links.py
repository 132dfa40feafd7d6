"""Links of the description: what can be done next with what a response returns."""

from collections.abc import Iterator, Mapping
from typing import Any

Json = dict[str, Any]

#: Where a response names another resource: the beginning of its paths, and the field with its id.
_OTHERS = {
    "tickets.create": (("/v1/messages/{message_id}", "id"), ("/v1/conversations/{conversation_id}", "conversation_id")),
    "conversations.send_message": (("/v1/messages/{message_id}", "id"),),
}


def add_links(spec: Json) -> None:
    """Give each response that creates something the `links` to the operations on it, by its id."""
    for path, item in spec["paths"].items():
        operation = item.get("post", {})
        name = operation.get("operationId", "")
        targets = _OTHERS.get(name, ((f"{path}/{{{_parameter(spec, path)}}}", "id"),))
        for status in ("201", "202"):
            response = operation.get("responses", {}).get(status)
            if response is None or "$ref" in response:
                continue
            links = {link: value for prefix, field in targets for link, value in _links(spec, prefix, field)}
            if links:
                response["links"] = links


def _parameter(spec: Json, path: str) -> str | None:
    """Return the name of the parameter that follows a path in others."""
    for other in spec["paths"]:
        if other.startswith(f"{path}/{{"):
            return str(other[len(path) + 2 :].partition("}")[0])
    return None


def _links(spec: Json, prefix: str, field: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    name = prefix[prefix.rindex("{") + 1 : -1]
    for path, item in spec["paths"].items():
        if not (path == prefix or path.startswith(f"{prefix}/")) or path.count("{") != prefix.count("{"):
            continue
        for operation in item.values():
            if isinstance(operation, dict) and "operationId" in operation:
                yield (
                    operation["operationId"],
                    {"operationId": operation["operationId"], "parameters": {name: f"$response.body#/{field}"}},
                )
