"""Deliveries are listed, shown and sent again, on this machine and on a server."""

import json

import pytest

from worker.cli.base import print_table


def test_deliveries_are_listed_shown_and_sent_again(run):
    assert json.loads(run("deliveries", "--json").stdout) == []
    assert run("deliveries", "show", "whd_none").returncode == 1
    assert run("deliveries", "replay", "whd_none").returncode == 1
    assert run("deliveries", "replay").returncode == 2
    assert run("deliveries", "replay", "whd_none", "--endpoint", "ep_x").returncode == 2
    assert "No delivery matches" in run("deliveries", "replay", "--since", "2026-01-01").stdout


@pytest.fixture
def failed(served, receiver) -> str:
    """The id of a delivery that was given up."""
    owner = served.services.keys.workspace()
    endpoint = served.services.endpoints.make(owner, {"url": receiver.url})
    sent = served.remote.post(f"/v1/endpoints/{endpoint['id']}/test")["id"]
    served.services.endpoints.change(owner, endpoint["id"], {"state": "disabled"})  # which ends what waits
    served.services.endpoints.change(owner, endpoint["id"], {"state": "enabled"})
    return sent


def test_deliveries_of_a_server_are_listed_shown_and_sent_again(remotely, served, failed):
    (listed,) = json.loads(remotely("deliveries", "--state", "exhausted", "--json").stdout)
    assert listed["id"] == failed
    assert failed in remotely("deliveries").stdout
    shown = remotely("deliveries", "show", failed)
    assert "message.answered" in shown.stdout, shown.stderr
    again = remotely("deliveries", "replay", failed)
    assert again.stdout == "1 delivery will be sent again.\n"
    assert remotely("deliveries", "--state", "exhausted").stdout == "No delivery matches.\n"
    assert "No delivery matches" in remotely("deliveries", "replay", "--since", "2026-01-01").stdout
    assert remotely("deliveries", "show", "whd_none").returncode == 1


def test_more_deliveries_than_a_page_has_are_listed(remotely, served, receiver):
    endpoint = served.services.endpoints.make(served.services.keys.workspace(), {"url": receiver.url})["id"]
    for _ in range(103):
        served.services.endpoints.test(served.services.keys.workspace(), endpoint, "document.ready")
    listed = json.loads(remotely("deliveries", "--endpoint", endpoint, "--limit", "102", "--json").stdout)
    assert len({delivery["id"] for delivery in listed}) == 102


def test_a_table_is_aligned_and_its_cells_are_one_line(capsys):
    print_table(("name", "text"), [("a", "x\ny"), ("longer", None)])
    assert capsys.readouterr().out == "NAME    TEXT\na       x y\nlonger  –\n"
