"""Reports at the command line, of this installation's server over HTTP."""

import json


def test_a_report_is_printed_in_each_form(remotely):
    asked = ("report", "--since", "2026-11-01", "--until", "2026-11-07")
    table = remotely(*asked)
    assert table.returncode == 0, table.stderr
    assert "resolved by bot" in table.stdout
    found = json.loads(remotely(*asked, "--output", "json").stdout)
    assert found["period_before"] == {"since": "2026-10-25", "until": "2026-10-31"}
    assert remotely(*asked, "--csv").stdout.startswith("group,name,conversations_before,")
    assert remotely("report", "--since", "2026-11-07", "--until", "2026-11-01").returncode != 0
