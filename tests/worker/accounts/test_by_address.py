"""An address has one account, and whoever proves the address has it alone."""

import sqlalchemy as sa

from tests.support.accounts import PASSWORD
from worker.accounts.by_address import find_or_create, prove
from worker.accounts.sessions import Client
from worker.states import LinkKind
from worker.store.tables import account, account_identity, account_link, account_session


def test_an_address_that_somebody_has_gets_no_second_account_and_keeps_its_name(store, ada):
    with store.begin() as tx:
        assert find_or_create(store, tx, "ada@shop.example", name="Eve").name == "Ada Lovelace"
        made = find_or_create(store, tx, "eve@shop.example", name="Eve")
        assert find_or_create(store, tx, "eve@shop.example", name="Mallory") == made


def test_the_first_proof_removes_all_with_which_somebody_else_could_get_in_and_later_ones_nothing(store, accounts, ada):
    accounts.entrance.enter("ada@shop.example", PASSWORD, client=Client())
    accounts.entrance.reset_link(ada)
    accounts.second_factor.begin(ada)
    with store.begin() as tx:
        tx.execute(account.update().values(totp_secret="x", totp_step=1, recovery_codes=["x"]))
        identity = {"issuer": "https://id.example", "account_id": ada, "created_at": 1}
        tx.execute(account_identity.insert().values(subject="1", **identity))
    accounts.entrance.enter("ada@shop.example", PASSWORD, client=Client())  # waits for its code
    with store.begin() as tx:
        assert prove(store, tx, ada)
        for table in (account_session, account_identity):
            assert tx.execute(sa.select(table)).all() == []
        kinds = tx.execute(sa.select(account_link.c.kind)).scalars().all()
        assert not {LinkKind.RESET, LinkKind.SECOND_FACTOR} & set(kinds)
    person = accounts.entrance.account(ada)
    assert person.verified_at is not None
    secrets = (person.password, person.totp_secret, person.totp_pending, person.totp_step, person.recovery_codes)
    assert secrets == (None,) * 5
    with store.begin() as tx:
        tx.execute(account.update().values(password="theirs", totp_secret="theirs"))
        assert not prove(store, tx, ada)
    assert accounts.entrance.account(ada).totp_secret == "theirs"
