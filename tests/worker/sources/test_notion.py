"""Pages of Notion are followed: those that are shared with the integration, with all that their blocks hold."""

import time
from types import SimpleNamespace

import pytest

from tests.support.fakes import TableClock
from tests.worker.sources.help_centres import TOKEN
from tests.worker.sources.site import last_run, look
from tests.worker.sources.wikis import block, text
from worker.sources import kinds, notion
from worker.states import RunState

TABLE = block(
    "table",
    has_column_header=True,
    inside=[
        block("table_row", cells=[text("Country"), text("Price")]),
        block("table_row", cells=[text("Spain"), text("4 | 5 €")]),
    ],
)


@pytest.fixture(autouse=True)
def unpaced(monkeypatch):
    """Ask as fast as the workspace answers: test_kinds.py has the rate that Notion allows."""
    monkeypatch.setattr(kinds, "NOTION_RATE", 0.0)


@pytest.fixture
def made(following, workspace):
    assert following.make("notion", workspace.url, token=TOKEN, tags=["wiki"]) == (5, 0, 0, 0, 0)
    following.embedded()
    workspace.asked.clear()
    return following


def reads(workspace):
    return [path for path in workspace.asked if path.startswith("/v1/pages/")]


def test_pages_and_rows_come_with_their_labels_and_an_address_that_customers_can_open(made):
    shown = made.shown()
    assert set(shown) == {"Returns", "Delivery", "Payment", "Warranty", "Sizes"}
    assert (shown["Warranty"].tags, shown["Returns"].tags) == (["wiki", "shop"], ["wiki"])
    assert shown["Returns"].url == "https://shop.notion.site/Returns-a"
    assert made.text_of("Warranty").endswith("Answer: It is about warranty.")


def test_only_what_changed_is_read_and_embedded(made, workspace):
    assert made.again() == (0, 0, 5, 0, 0)
    assert reads(workspace) == []
    workspace.write("a", "Returns", [block("paragraph", "Sixty days.")])
    workspace.write("e", "Coupons")
    assert made.again() == (1, 1, 4, 0, 0)
    assert reads(workspace) == ["/v1/pages/a", "/v1/pages/e"]
    assert made.embedded() == ["Coupons", "Returns"]


def test_what_is_in_the_trash_archived_or_not_shared_any_more_is_never_cited_again(made, workspace):
    workspace.pages["a"]["in_trash"] = True
    del workspace.pages["b"]
    assert made.again() == (0, 0, 3, 2, 0)
    made.embedded()
    assert not {"Returns", "Delivery"} & set(made.cited("returns delivery"))


def test_a_page_that_the_search_leaves_out_is_asked_for_before_it_is_gone(made, workspace):
    workspace.unsearched = {"a"}
    workspace.incomplete = True
    assert made.again() == (0, 0, 5, 0, 1)
    assert "only a part" in last_run(made.store)["failed"]["search"]
    assert "Returns" in made.shown()


def test_a_database_alone_is_followed(following, workspace):
    location = f"{workspace.url}/v1/databases/{'0' * 32}"
    assert following.make("notion", location, token=TOKEN) == (2, 0, 0, 0, 0)
    assert set(following.shown()) == {"Warranty", "Sizes"}


def test_a_database_that_is_not_shared_says_so(following, workspace):
    new = {"kind": "notion", "location": f"{workspace.url}/v1/databases/{'1' * 32}", "token": TOKEN}
    following.sources.make(following.workspace_id, new)
    look(following.runner, following.workspace_id)
    assert "not shared with the integration" in last_run(following.store)["error"]


def test_a_change_within_the_minute_of_another_is_seen(made, workspace, monkeypatch):
    workspace.write("a", "Returns", [block("paragraph", "Forty days.")])
    edited = notion.datetime.fromisoformat(workspace.pages["a"]["last_edited_time"]).timestamp()
    monkeypatch.setattr(notion, "time", SimpleNamespace(time=lambda: edited + 30))
    assert made.again()[:2] == (0, 1)
    same = workspace.pages["a"]["last_edited_time"]
    workspace.write("a", "Returns", [block("paragraph", "Sixty days.")], last_edited_time=same)
    assert made.again()[:2] == (0, 1)
    made.embedded()
    assert made.text_of("Returns").endswith("Sixty days.")


def test_a_page_has_the_text_of_all_its_blocks(made, workspace):
    original = block("synced_block", inside=[block("paragraph", "Synced.")], synced_from=None)
    copy = block("synced_block", synced_from={"block_id": "shared"})
    workspace._kept("shared", {**original, "id": "shared"})
    blocks = [
        block("toggle", "Can I return it?", inside=[block("paragraph", "Yes, within a month.")]),
        block("callout", "Keep the receipt."),
        TABLE,
        block("bulleted_list_item", "One", inside=[block("bulleted_list_item", "Inside one")]),
        {**copy, "has_children": True},
        block("column_list", inside=[block("column", inside=[block("paragraph", "In a column.")])]),
        block("child_page", title="Below"),
        {**block("bookmark", url="https://shop.example/form", caption=text("The form"))},
        block("file", caption=text("Label")),
        block("unsupported"),
    ]
    workspace.write("a", "Returns", blocks)
    made.again()
    made.embedded()
    said = made.text_of("Returns")
    for expected in (
        "Can I return it?",
        "Yes, within a month.",
        "Keep the receipt.",
        "Country: Spain",
        "Price: 4 | 5 €",
        "Inside one",
        "Synced.",
        "In a column.",
        "The form (https://shop.example/form)",
        "Label",
    ):
        assert expected in said
    assert "Below" not in said
    assert made.left_out_of("Returns") == {"attachments": 2}


def test_a_block_whose_children_the_api_refuses_costs_no_more_than_itself(made, workspace):
    odd = {**block("toggle", "Slides"), "id": "odd", "has_children": True}
    workspace.refused = {"odd"}
    workspace.write("a", "Returns", [odd, block("paragraph", "Thirty days.")])
    assert made.again()[4] == 0
    made.embedded()
    assert "Thirty days." in made.text_of("Returns")
    assert made.left_out_of("Returns") == {"attachments": 1}


def test_a_page_that_only_holds_pages_is_no_document(made, workspace):
    workspace.write("e", "Index", [block("child_page", title="Returns")])
    assert made.again() == (0, 0, 5, 0, 0)


@pytest.mark.parametrize("answered", [0, 1])
def test_a_list_that_fails_half_way_removes_nothing(made, workspace, answered):
    del workspace.pages["a"]
    workspace.broken_after = answered
    assert made.look()["state"] == RunState.FAILED
    assert len(made.shown()) == 5


def test_an_integration_that_sees_nothing_any_more_loses_nothing(made, workspace):
    workspace.pages.clear()
    assert "Its 5 documents stay" in made.look()["error"]


def test_a_rate_limit_is_waited_for(following, workspace):
    workspace.throttled = 1
    following.sources.make(following.workspace_id, {"kind": "notion", "location": workspace.url, "token": TOKEN})
    look(following.runner, following.workspace_id)
    assert last_run(following.store)["state"] == RunState.RUNNING
    TableClock.advance(following.store, 31)
    look(following.runner, following.workspace_id)
    assert len(following.shown()) == 5


def test_a_refused_token_says_so(following, workspace):
    following.sources.make(following.workspace_id, {"kind": "notion", "location": workspace.url, "token": "wrong"})
    look(following.runner, following.workspace_id)
    assert "the token is refused" in last_run(following.store)["error"]


def test_the_times_of_pages_that_are_settled_are_marks():
    old = {"last_edited_time": "2026-01-01T00:00:00.000Z"}
    assert notion._mark(old) == old["last_edited_time"]
    now = notion.datetime.fromtimestamp(time.time(), tz=notion.datetime.now().astimezone().tzinfo)
    assert notion._mark({"last_edited_time": now.isoformat()}) is None
    assert notion._mark({}) is None


def test_a_page_that_takes_too_many_requests_is_refused_by_itself(made, workspace, monkeypatch):
    monkeypatch.setattr(notion, "_MAX_REQUESTS", 3)
    nested = block("paragraph", "Deep.")
    for _ in range(5):
        nested = block("toggle", "More", inside=[nested])
    workspace.write("a", "Returns", [nested])
    made.again()
    assert "takes more than 3 requests" in str(last_run(made.store)["failed"])
    assert set(made.shown()) >= {"Returns", "Delivery"}
