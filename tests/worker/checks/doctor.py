"""Run the checks of `doctor`."""

from worker import checks


def ask(settings):
    return {one.name: one for one in map(checks.run, checks.for_doctor(settings))}
