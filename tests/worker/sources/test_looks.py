"""A look that would lose more than half of a source is held; old looks are forgotten."""

import pytest
import sqlalchemy as sa

from tests.worker.sources.site import look
from worker.sources import looks
from worker.sources.looks import is_too_much
from worker.store.tables import source_run


@pytest.mark.parametrize(
    ("gone", "known", "held"),
    [(0, 0, False), (1, 1, False), (4, 4, False), (2, 5, False), (3, 5, True), (5, 10, False), (6, 10, True)],
)
def test_more_than_half_of_five_or_more_is_too_much(gone, known, held):
    assert is_too_much(gone, known) is held


def test_the_oldest_looks_of_a_source_are_forgotten(store, workspace_id, runner, make, centre, sources, monkeypatch):
    monkeypatch.setattr(looks, "KEPT", 2)
    id = make("page", f"{centre.url}/returns")
    look(runner, workspace_id)
    for _ in range(3):
        sources.look(workspace_id, id)
        look(runner, workspace_id)
    with store.read() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(source_run)).scalar_one() == 2
