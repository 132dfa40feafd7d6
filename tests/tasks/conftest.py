from unittest.mock import Mock

import pytest

from worker.services import current


@pytest.fixture
def role(monkeypatch):
    """Put a recording part in the place of the one of this process that has a role."""

    def put(name: str) -> Mock:
        part = Mock()
        monkeypatch.setattr(current, name, lambda: part)
        return part

    return put
