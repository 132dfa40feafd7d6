"""The query of a report takes days and filters, and nothing else."""

from datetime import date

import marshmallow as ma
import pytest

from web.schemas.reports import ReportQuery


def test_days_are_read_and_anything_else_is_refused():
    loaded = ReportQuery().load({"since": "2026-11-01", "channel": "email"})
    assert loaded == {"since": date(2026, 11, 1), "channel": "email"}
    for wrong in ({"since": "2026-13-01"}, {"language": ""}, {"channel": "two\nlines"}):
        with pytest.raises(ma.ValidationError):
            ReportQuery().load(wrong)
