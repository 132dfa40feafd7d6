"""All faults, by their number."""

from tests.faults import broker_faults, mail_faults, outer_faults, process_faults
from tests.faults.harness import FAULTS

__all__ = ["FAULTS", "broker_faults", "mail_faults", "outer_faults", "process_faults"]
