"""The database: migrations match the tables, and shared transactions keep each other's writes apart."""

import threading

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from worker.errors import DatabaseUnavailable
from worker.states import EventType
from worker.store import migrate
from worker.store.engine import Prepared, open_store
from worker.store.tables import event, metadata, workspace


def test_the_migrations_make_exactly_the_tables_of_the_code(store):
    with store.begin() as tx:
        tx.execute(sa.text("DROP TABLE test_clock"))
        index = {"include_name": lambda name, _type, _parents: not (name or "").startswith("search_")}  # SQLite's own
        differences = compare_metadata(MigrationContext.configure(tx, opts=index), metadata)
        tx.execute(sa.text("CREATE TABLE test_clock (ms BIGINT)"))
    assert differences == []


def test_migrating_twice_and_from_two_processes_at_once_is_safe(tmp_path):
    url = f"sqlite:///{tmp_path / 'x.db'}"
    errors = []

    def run():
        store = open_store(url)
        try:
            migrate.upgrade(store)
        except Exception as error:  # noqa: BLE001
            errors.append(error)
        store.close()

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert migrate.current(open_store(url)) == migrate.head()


@pytest.mark.processes
def test_processes_that_open_a_new_file_at_once_wait_for_each_other(tmp_path):
    """Where two set a file's mode at once, SQLite tells one that it is locked without waiting: 1 of 20 files, here."""
    errors = []

    def run(url, start):
        store = open_store(url)
        start.wait()
        try:
            with store.read() as connection:
                connection.exec_driver_sql("SELECT 1 FROM sqlite_master")
        except DatabaseUnavailable as error:
            errors.append(error)
        store.close()

    for number in range(150):
        start = threading.Barrier(4)
        url = f"sqlite:///{tmp_path / f'{number}.db'}"
        threads = [threading.Thread(target=run, args=(url, start)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert errors == []


def test_the_database_clock_is_in_milliseconds(tmp_path):
    import time

    store = open_store(f"sqlite:///{tmp_path / 'x.db'}")
    with store.read() as connection:
        assert abs(store.now(connection) - time.time() * 1000) < 5000


def test_work_that_raises_takes_back_its_own_writes_only(store, workspace_id):
    barrier = threading.Barrier(8)
    failed = []

    def write(number: int) -> None:
        def work(tx):
            tx.execute(event.insert().values(workspace_id=workspace_id, type=str(number), data={}, created_at=number))
            if number % 2:
                raise ValueError(number)

        barrier.wait()
        try:
            store.submit(work)
        except ValueError:
            failed.append(number)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with store.read() as connection:
        kept = set(connection.execute(sa.select(event.c.type)).scalars())
    assert kept == {"0", "2", "4", "6"}
    assert sorted(failed) == [1, 3, 5, 7]


def test_a_prepared_insert_stores_what_an_ordinary_one_does(store, workspace_id):
    prepared = Prepared(event.insert(), ["workspace_id", "type", "data", "created_at"], store.engine.dialect)
    row = {"workspace_id": workspace_id, "type": "x", "data": {"é": [1, None]}, "created_at": 5}
    with store.begin() as tx:
        prepared.run(tx, row)
        tx.execute(event.insert().values(**row))
        one, other = tx.execute(sa.select(event.c.data, event.c.type, event.c.created_at)).all()
    assert one == other


def test_a_prepared_update_changes_what_an_ordinary_one_does(store, workspace_id):
    row = {"workspace_id": workspace_id, "type": EventType.QUEUED, "data": {"old": 1}, "created_at": 5}
    change = (
        event.update()
        .where(event.c.id == sa.bindparam("which"), event.c.type == EventType.QUEUED)
        .values(type=EventType.RUNNING, data=sa.bindparam("new", type_=event.c.data.type))
    )
    prepared = Prepared(change, ["which", "new"], store.engine.dialect)
    with store.begin() as tx:
        ids = [tx.execute(event.insert().values(**row)).inserted_primary_key[0] for _ in range(3)]
        prepared.run(tx, {"which": ids[0], "new": {"é": [1, None]}})
        tx.execute(change, {"which": ids[1], "new": {"é": [1, None]}})
        rows = tx.execute(sa.select(event.c.type, event.c.data).order_by(event.c.id)).all()
    assert rows == [("running", {"é": [1, None]})] * 2 + [("queued", {"old": 1})]


def test_a_database_that_cannot_be_reached_is_told_as_such(tmp_path):
    for url in ("postgresql+psycopg://nobody@127.0.0.1:1/none", f"sqlite:///{tmp_path / 'no' / 'folder' / 'x.db'}"):
        store = open_store(url)
        with pytest.raises(DatabaseUnavailable), store.begin() as tx:
            tx.execute(sa.select(workspace))
        with pytest.raises(DatabaseUnavailable):
            store.submit(lambda tx: tx.execute(sa.select(workspace)))


def test_a_crowd_larger_than_one_transaction_is_served_whole(store, workspace_id):
    def work(tx):
        tx.execute(event.insert().values(workspace_id=workspace_id, type="x", data={}, created_at=1))
        return "done"

    results = []
    threads = [threading.Thread(target=lambda: results.append(store.submit(work))) for _ in range(150)]
    with store.begin():  # they pile up behind this one
        for thread in threads[:100] if store.is_sqlite else []:
            thread.start()
    for thread in threads:
        if thread.ident is None:
            thread.start()
    for thread in threads:
        thread.join()
    assert results == ["done"] * 150
    with store.read() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(event)).scalar_one() == 150


def test_work_whose_caller_was_told_no_is_never_done_later(tmp_path, monkeypatch):
    store = open_store(f"sqlite:///{tmp_path / 'x.db'}")
    migrate.upgrade(store)
    ran = []
    with monkeypatch.context() as patched:

        def away():
            raise DatabaseUnavailable

        patched.setattr(store._turn, "take_file", away)
        with pytest.raises(DatabaseUnavailable):
            store.submit(lambda _tx: ran.append("refused"))
    store.submit(lambda _tx: ran.append("accepted"))
    assert ran == ["accepted"]
