"""Links work once, for a while, and cannot be read from the database."""

import pytest
import sqlalchemy as sa

from tests.support.fakes import TableClock
from worker.accounts.errors import LinkInvalid
from worker.accounts.links import Links
from worker.states import LinkKind
from worker.store.tables import account_link


@pytest.fixture
def links(store):
    return Links(store)


def made(store, links, kind=LinkKind.RESET, **options):
    with store.begin() as tx:
        return links.make(tx, kind, **options)


def use(store, links, token, kind=LinkKind.RESET):
    with store.begin() as tx:
        return links.use(tx, kind, token)


def test_a_link_works_once_for_its_purpose(store, links, workspace_id):
    token = made(store, links, workspace_id=workspace_id, by_mail=True)
    with pytest.raises(LinkInvalid):
        use(store, links, token, LinkKind.INVITATION)
    assert use(store, links, token).by_mail
    for again in (token, "", "guess", token + "x"):
        with pytest.raises(LinkInvalid):
            use(store, links, again)


@pytest.mark.parametrize(
    ("kind", "hours"),
    [(LinkKind.RESET, 1), (LinkKind.INVITATION, 168), (LinkKind.FIRST_OWNER, 168), (LinkKind.SECOND_FACTOR, 1 / 6)],
)
def test_a_link_expires(store, links, kind, hours):
    token = made(store, links, kind)
    TableClock.advance(store, hours * 3_600 - 1)
    with store.read() as connection:
        links.find(connection, kind, token)
    TableClock.advance(store, 1)
    with pytest.raises(LinkInvalid):
        use(store, links, token, kind)


def test_expired_links_are_deleted_and_none_is_stored_as_it_is_sent(store, links):
    old = made(store, links)
    TableClock.advance(store, 3_601)
    new = made(store, links)
    with store.read() as connection:
        rows = connection.execute(sa.select(account_link.c.digest)).scalars().all()
    assert len(rows) == 1
    assert not {old, new} & set(rows)
    assert len(new) >= 43  # 256 bits


def test_newer_links_replace_older_ones(store, links, workspace_id):
    token = made(store, links, LinkKind.FIRST_OWNER, workspace_id=workspace_id)
    with store.begin() as tx:
        links.drop(tx, LinkKind.FIRST_OWNER, account_id=None, workspace_id=workspace_id)
    with pytest.raises(LinkInvalid):
        use(store, links, token, LinkKind.FIRST_OWNER)
