from collections.abc import Callable, Iterator

import pytest

from tests.support.fakes import LOOPBACK
from tests.support.helpdesks import CannedDesk, account
from worker.addresses import Caller
from worker.helpdesks.protocol import Account, Desk


@pytest.fixture
def canned() -> Iterator[CannedDesk]:
    """A helpdesk that answers as the test says."""
    with CannedDesk() as server:
        yield server
        server.shutdown()


@pytest.fixture
def connect(canned: CannedDesk) -> Iterator[Callable[..., Desk]]:
    """Return the connector of a class with these options, connected to `canned`."""
    with Caller(LOOPBACK, total_s=5) as caller:

        def open_with(connector: Callable[[Account, Caller], Desk], **options: object) -> Desk:
            return connector(account(canned.url, **options), caller)

        yield open_with
