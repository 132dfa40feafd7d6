"""Usage of language models."""

from tests.web.calls import spend, submit
from worker.answering.chat_api.spending import Spender, Spending
from worker.budgets import Budget
from worker.conversations.outcomes import Usage


def test_usage_is_listed_by_day_key_conversation_and_message(call, services):
    made = submit(call)
    spend(services, made, Usage(prompt_tokens=100, completion_tokens=20, cost_usd=0.25))
    (day,) = call("GET", "/v1/usage").json["items"]
    assert (day["by"], day["subject"], day["calls"], day["prompt_tokens"], day["cost_usd"]) == (
        "day",
        None,
        1,
        100,
        0.25,
    )
    assert len(day["day"]) == 10
    (account,) = call("GET", "/v1/usage?by=conversation").json["items"]
    assert (account["subject"], account["day"]) == (made["conversation_id"], None)
    assert call("GET", f"/v1/usage?by=message&subject={made['id']}").json["items"][0]["completion_tokens"] == 20
    assert call("GET", "/v1/usage?by=key&subject=none").json["items"] == []
    assert call("GET", "/v1/usage?by=month").status_code == 422


def test_a_message_records_the_key_that_submitted_it(call, services):
    made = submit(call)
    claim = services.mailbox.claim(made["conversation_id"])
    assert claim.messages[0].key_id.startswith("key_")


def test_what_the_judge_costs_is_listed_apart(call, services):
    budget = Budget.parse("day=500tokens")
    spender = Spender(workspace_id=services.keys.workspace(), conversation_id="conv_1", message_id="msg_1")
    with Spending(services.store, judge_budgets=[budget]).call(spender, max_usage=Usage()) as account:
        account.usage = Usage(prompt_tokens=100, completion_tokens=20)
    (judge,) = call("GET", "/v1/usage?by=judge").json["items"]
    assert (judge["by"], judge["subject"], judge["prompt_tokens"]) == ("judge", None, 100)
    assert judge["day"]
