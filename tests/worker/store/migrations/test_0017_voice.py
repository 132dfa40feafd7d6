"""Migration 0017 keeps what a database holds, on its way up and down."""

from alembic import command

from tests.support.databases import move, rows, run

BEFORE, AFTER = "0016", "0017"


def test_old_replies_are_answers_with_numbers_and_a_downgrade_leaves_nothing_an_older_version_cannot_read(store):
    move(store, command.upgrade, BEFORE)
    run(
        store,
        "INSERT INTO workspace (id, name, callback_secret, created_at) VALUES ('w', 'w', 's', 1)",
        "INSERT INTO conversation (id, workspace_id, owner, next_seq, history, mailbox, lease_token, abort,"
        " created_at, updated_at) VALUES ('c', 'w', 'bot', 3, 0, 'idle', 0, false, 1, 1)",
        "INSERT INTO reply (id, workspace_id, conversation_id, content, citations, support, answerer, prompt_tokens,"
        " completion_tokens, cost_usd, created_at) VALUES ('r', 'w', 'c', 'Yes [1].', '[]', 1, 'llm', 0, 0, 0, 1)",
    )
    move(store, command.upgrade, AFTER)
    assert rows(store, "SELECT content, kind, citation_style, options, greeting FROM reply") == [
        ("Yes [1].", "answer", "numbers", None, None)
    ]
    run(
        store,
        "INSERT INTO voice (workspace_id, max_sentences, languages, avoided_topics, channels, updated_at)"
        " VALUES ('w', 3, '[]', '[]', '{}', 1)",
        "UPDATE reply SET kind = 'clarification', greeting = 'Hello'",
        "INSERT INTO escalation (id, workspace_id, conversation_id, state, reason, category, priority, summary,"
        " reasons, created_at) VALUES ('e', 'w', 'c', 'open', 'avoided_topic', 'topic:law', 'normal', '', '[]', 1)",
    )
    move(store, command.downgrade, BEFORE)
    assert rows(store, "SELECT id, content FROM reply") == [("r", "Yes [1].")]
    assert rows(store, "SELECT reason, category FROM escalation") == [("rule", "topic:law")]
    move(store, command.upgrade, AFTER)
    assert rows(store, "SELECT count(*) FROM voice") == [(0,)]
