"""Fields refuse what databases, logs and clocks cannot hold, and take the rest as it was written."""

import marshmallow as ma
import pytest

from web.schemas import fields


def load(field: ma.fields.Field, value: object) -> object:
    return field.deserialize(value)


@pytest.mark.parametrize("value", ["", " \n", "nul\x00", "bell\x07", "half \ud83d", "x" * 11, 7, None, ["a"]])
def test_text_is_refused_where_it_is_blank_too_long_or_unprintable(value):
    with pytest.raises(ma.ValidationError):
        load(fields.Text(most=10), value)


def test_text_keeps_tabs_lines_and_blank_where_that_is_allowed():
    assert load(fields.Text(most=10), "a\tb\nc") == "a\tb\nc"
    assert load(fields.Text(most=10, blank=True), "") == ""


def test_words_that_a_customer_wrote_are_cleaned_rather_than_refused():
    assert load(fields.Words(most=20), "Hello\x00 there") == "Hello there"
    with pytest.raises(ma.ValidationError):
        load(fields.Words(most=20), "\x00")


def test_any_text_is_taken_as_it_is_unless_it_is_blank_or_too_long():
    assert load(fields.AnyText(most=20), "a\x00b \ud83d") == "a\x00b \ud83d"
    for value in (" \n", "", "x" * 21, 7):
        with pytest.raises(ma.ValidationError):
            load(fields.AnyText(most=20), value)


@pytest.mark.parametrize("value", ["two\nlines", "two\u2028lines", " before", "after "])
def test_a_line_is_one_line(value):
    with pytest.raises(ma.ValidationError, match="one line"):
        load(fields.Line(most=20), value)


def test_metadata_is_small_plain_json():
    assert load(fields.Metadata(), {"plan": "pro", "seats": [1, 2]}) == {"plan": "pro", "seats": [1, 2]}
    deep: dict[str, object] = {}
    for _ in range(100_000):
        deep = {"a": deep}
    for bad in ({"a": float("nan")}, {"a": "x" * 17_000}, {"a": object}, deep):
        with pytest.raises((ma.ValidationError, TypeError)):
            load(fields.Metadata(), bad)


def test_an_email_has_a_hundred_headers_at_most():
    headers = {f"X-{number}": "" for number in range(100)}
    assert load(fields.EmailHeaders(), headers) == headers
    with pytest.raises(ma.ValidationError, match="100 headers"):
        load(fields.EmailHeaders(), headers | {"X-Last": ""})


@pytest.mark.parametrize(
    "value",
    [
        *("ftp://a.example", "//a.example", "http://", "https://a b.example"),
        *("javascript:alert(1)", "http://[::1", "mailto:a@b.example"),
    ],
)
def test_only_web_addresses_are_urls(value):
    with pytest.raises(ma.ValidationError):
        load(fields.WebUrl(), value)


def test_a_web_address_is_kept_as_it_is_and_mail_only_where_it_is_allowed():
    assert load(fields.WebUrl(), "https://a.example/x?y=1#z") == "https://a.example/x?y=1#z"
    assert load(fields.WebUrl(mail=True), "mailto:a@b.example") == "mailto:a@b.example"


@pytest.mark.parametrize("value", [0, -1, 61, True, "5", float("nan"), float("inf"), None])
def test_seconds_are_a_number_in_their_bounds(value):
    with pytest.raises(ma.ValidationError):
        load(fields.Seconds(most=60), value)


def test_seconds_may_be_a_part_of_one():
    assert load(fields.Seconds(most=60), 0.5) == 0.5


@pytest.mark.parametrize("value", ["2026-11-23", "2026-11-23T10:00:00", "yesterday", "1960-01-01T00:00:00Z", "", 5])
def test_a_moment_needs_its_zone(value):
    with pytest.raises(ma.ValidationError):
        load(fields.Moment(), value)


def test_a_moment_is_milliseconds_whatever_its_zone_is():
    assert load(fields.Moment(), "2026-11-23T10:00:00Z") == load(fields.Moment(), "2026-11-23T11:00:00+01:00")
    assert load(fields.Moment(), "1971-01-01T00:00:00.5Z") == 365 * 86_400_000 + 500


def test_a_position_is_a_number_as_text_or_nothing():
    assert [load(fields.Position(), value) for value in ("7", "")] == ["7", ""]
    for value in ("zzz", "-1", "1.5", "1234567890", "١", 7):
        with pytest.raises(ma.ValidationError):
            load(fields.Position(), value)


#: Lists that have an order of their own, or are short and returned whole.
UNSORTED = {
    "accounts.list",
    "categories.list",
    "conversations.list_messages",
    "events.list",
    "helpdesks.list",
    "mailboxes.list",
    "mailboxes.list_suppressions",
    "snapshots.list",
    "usage.list",
}


def test_every_list_is_sorted_in_the_same_way_and_refuses_other_orders(call):
    document = call("GET", "/openapi.json").json
    sorted_lists = {}
    for path, item in document["paths"].items():
        operation = item.get("get", {})
        content = operation.get("responses", {}).get("200", {}).get("content", {}).get("application/json", {})
        if content.get("schema", {}).get("$ref", "").endswith("Page"):
            orders = [one["schema"]["enum"] for one in operation["parameters"] if one.get("name") == "sort"]
            assert orders in ([], [["-created_at", "created_at"]])
            if orders:
                sorted_lists[operation["operationId"]] = path
            else:
                assert operation["operationId"] in UNSORTED
    assert len(sorted_lists) >= 12
    call("POST", "/v1/memories", json={"email": "ada@shop.example", "name": "size", "value": "M"})
    customer = "&email=ada@shop.example"
    for id, path in sorted_lists.items():
        if "{" in path:
            continue
        more = customer if id == "memories.list" else ""
        refused = call("GET", f"{path}?sort=name{more}")
        assert (id, refused.status_code, refused.json["errors"][0]["field"]) == (id, 422, "sort")
        newest, oldest = (call("GET", f"{path}?sort={order}{more}").json["items"] for order in fields.SORTS)
        assert [one["id"] for one in newest] == [one["id"] for one in reversed(oldest)]


def test_a_list_of_conversations_is_read_from_either_end(call):
    made = [call("POST", "/v1/conversations", json={"external_id": f"S-{n}"}).json["id"] for n in range(3)]
    page = call("GET", "/v1/conversations?sort=created_at&limit=2").json
    rest = call("GET", f"/v1/conversations?sort=created_at&limit=2&cursor={page['next_cursor']}").json
    assert [one["id"] for one in page["items"] + rest["items"]] == made
    assert [one["id"] for one in call("GET", "/v1/conversations").json["items"]] == made[::-1]
