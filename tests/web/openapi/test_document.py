"""The description tells an integrator all there is to know, and its examples are true."""

import base64
import hashlib
import hmac
import json

import jsonschema

from web.openapi.document import texts
from worker.deliveries import signing

#: What no client of a generator calls: a WebSocket, a stream that does not end, and what a helpdesk sends.
_NOT_TOLD = {"conversations.connect", "events.stream", "helpdesks.receive"}


def _operations(spec):
    return {(method, path): call for path, calls in spec["paths"].items() for method, call in calls.items()}


def _resolved(spec, node):
    """Return a JSON value with its references replaced by what they refer to."""
    if isinstance(node, list):
        return [_resolved(spec, inner) for inner in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        found = spec
        for part in node["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        return _resolved(spec, found)
    return {name: _resolved(spec, inner) for name, inner in node.items()}


def test_every_route_of_the_api_says_what_it_does_who_may_call_it_and_what_can_go_wrong(app, spec):
    views = [rule.endpoint for rule in app.url_map.iter_rules() if rule.rule.startswith("/v1/")]
    assert [view for view in views if not hasattr(app.view_functions[view], "operation")] == []
    calls = _operations(spec)
    assert len(calls) == len(views)
    ids = [call["operationId"] for call in calls.values()]
    assert len(set(ids)) == len(ids)
    for call in calls.values():
        assert all(part.isidentifier() for part in call["operationId"].split(".", 1)), call["operationId"]
        for told in ("summary", "description", "responses"):
            assert call[told], call["operationId"]
        assert "**Idempotency**" in call["description"]
        assert "**Rate limit**" in call["description"]
        assert call.get("x-scope") in ({"read", "write", "admin"} if call["security"] else {None})
        assert {"500", "503"} <= set(call["responses"])
        assert min(call["responses"]) in {"101", "200", "201", "202", "204"}
    assert set(texts("operations")) == set(ids), "a text of an operation that is gone"


def test_every_body_has_an_example_that_its_schema_allows(spec):
    shown = 0
    for call in _operations(spec).values():
        contents = [call.get("requestBody", {})]
        contents += [_resolved(spec, response) for response in call["responses"].values()]
        for content in contents:
            for kind, media in content.get("content", {}).items():
                media = _resolved(spec, media)
                examples = [example["value"] for example in media.get("examples", {}).values()]
                examples += [media["example"]] if "example" in media else []
                assert examples, (call["operationId"], kind)
                for example in examples:
                    jsonschema.validate(example, media["schema"], cls=jsonschema.Draft202012Validator)
                    shown += 1
    assert shown > 400


def test_examples_of_responses_have_only_fields_that_the_schema_names(spec):
    """Responses may gain fields, so their schemas allow others: an example may not."""
    for name, schema in spec["components"]["schemas"].items():
        example = spec["components"]["examples"].get(name)
        if example is not None and isinstance(example["value"], dict) and "properties" in schema:
            assert set(example["value"]) <= set(schema["properties"]), name


def test_the_running_application_accepts_every_example_and_responds_with_the_fields_that_are_shown(told, spec):
    assert set(told.operations) - set(told.responses) == _NOT_TOLD
    for id, (status, body) in told.responses.items():
        response = told.operations[id][2]["responses"][str(status)]
        for media in response.get("content", {}).values():
            resolved = _resolved(spec, media)
            if isinstance(body, dict):
                jsonschema.validate(body, resolved["schema"], cls=jsonschema.Draft202012Validator)
                (example,) = (one["value"] for one in resolved["examples"].values())
                assert _missing(example, body) == [], id


def _missing(example, body, path=""):
    """Return the paths of fields that the example has and the body has not, where both have a value."""
    if isinstance(example, list) and isinstance(body, list):
        return [gone for pair in zip(example[:1], body, strict=False) for gone in _missing(*pair, f"{path}[]")]
    if not (isinstance(example, dict) and isinstance(body, dict)) or path.rpartition(".")[2] in _FREE:
        return []
    gone = [f"{path}.{name}" for name in example if name not in body]
    return gone + [
        lost for name in example.keys() & body.keys() for lost in _missing(example[name], body[name], f"{path}.{name}")
    ]


#: Fields with names that are not the API's.
_FREE = {"metadata", "options", "timings", "handed_off", "latency_ms", "requester", "arguments", "channels", "built_in"}


def test_the_description_explains_what_every_client_needs(spec):
    told = spec["info"]["description"]
    for subject in ("Authentication", "Paging", "Errors", "Versioning", "Webhooks", "Idempotency", "Rate limits"):
        assert f"## {subject}\n" in told
    assert all(header in told for header in ("webhook-id", "webhook-timestamp", "webhook-signature"))
    assert spec["servers"][0]["url"] == "http://localhost"
    assert all(tag["description"] for tag in spec["tags"])
    assert {tag for call in _operations(spec).values() for tag in call["tags"]} <= {tag["name"] for tag in spec["tags"]}


def test_the_server_in_the_description_is_the_one_that_was_asked(app):
    asked = app.test_client().get("/openapi.json", base_url="https://answers.example")
    assert asked.json["servers"][0]["url"] == "https://answers.example"


def test_the_signature_that_the_description_explains_is_the_one_that_is_sent(spec):
    """The steps of the description, followed by hand."""
    assert "HMAC-SHA256" in spec["info"]["description"]
    secret = signing.new_secret()
    headers = signing.headers([secret], id="whd_1", body=b"{}", timestamp=1_800_000_000)
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = b".".join((headers["webhook-id"].encode(), headers["webhook-timestamp"].encode(), b"{}"))
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"


def test_no_field_is_forbidden_in_what_the_server_sends(spec):
    sent = _resolved(spec, [call["responses"] for call in _operations(spec).values()] + [spec["webhooks"]])
    assert '"additionalProperties": false' not in json.dumps(sent)
    assert spec["components"]["schemas"]["NewTicket"]["additionalProperties"] is False


def test_names_of_components_make_distinct_classes(spec):
    names = [name.replace("_", "").lower() for name in spec["components"]["schemas"]]
    assert len(set(names)) == len(names)
    assert not [name for name in spec["components"]["schemas"] if not name[0].isupper()]
