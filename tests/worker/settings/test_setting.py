"""A field of the settings knows its variable, and a secret stays out of `repr`."""

from dataclasses import dataclass, fields

import pytest

from worker.settings.setting import setting


@dataclass(frozen=True, kw_only=True)
class Example:
    port: int = setting("EXAMPLE_PORT", "a port", int, 80)
    token: str = setting("EXAMPLE_TOKEN", "a token", default="hunter2", secret=True)
    url: str = setting("EXAMPLE_URL", "a URL")


def test_a_field_carries_what_reading_and_documenting_it_needs():
    metadata = {field.name: field.metadata for field in fields(Example)}
    assert metadata["port"]["env"] == "EXAMPLE_PORT"
    assert metadata["port"]["help"] == "a port"
    assert metadata["port"]["parse"]("81") == 81


def test_a_secret_is_not_in_repr_and_a_field_without_default_is_needed():
    assert "hunter2" not in repr(Example(url="x"))
    assert "80" in repr(Example(url="x"))
    with pytest.raises(TypeError, match="url"):
        Example()
