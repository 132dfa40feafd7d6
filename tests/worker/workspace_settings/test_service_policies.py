"""Each workspace has the targets of its settings, on those of the environment."""

from worker.service_policy import ServiceTarget
from worker.states import Priority
from worker.workspace_settings.service_policies import read_policies

HOUR = 3_600_000


def test_a_workspace_has_its_own_targets_and_the_hours_of_the_environment(make, workspace_id):
    settings = make(response_targets=("normal=8h",), business_hours=("UTC", "mon-fri 09:00-17:00"))
    settings.change(workspace_id, {"response_targets": ["urgent=1h"]})
    policy_of = read_policies(settings)
    own, other = policy_of(workspace_id), policy_of("another")
    assert own.targets == {(ServiceTarget.FIRST_RESPONSE, Priority.URGENT): HOUR}
    assert other.targets == {(ServiceTarget.FIRST_RESPONSE, Priority.NORMAL): 8 * HOUR}
    assert own.hours == other.hours
    assert own.hours.add(0, HOUR) == 10 * HOUR  # 1 January 1970 was a Thursday
