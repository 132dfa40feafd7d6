"""The first steps of a new workspace, each done when what it asks for exists."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from worker.states import MessageState, Role
from worker.store.engine import Store
from worker.store.tables import conversation, document, helpdesk, membership, message, source, workspace

#: The channel of questions that are asked in the console.
CONSOLE_CHANNEL = "console"


class OnboardingStep(StrEnum):
    """Step that leads a new workspace to work."""

    KNOWLEDGE = "knowledge"
    QUESTION = "question"
    COLLEAGUE = "colleague"
    CHANNEL = "channel"


def steps(store: Store, workspace_id: str) -> dict[OnboardingStep, str]:
    """Return the state of each step: `done`, `skipped` or `open`.

    Raises:
        DatabaseUnavailable: the database cannot be reached.
    """
    done = sa.select(*(exists.label(step.value) for step, exists in _done(workspace_id).items()))
    kept = sa.select(workspace.c.skipped_steps).where(workspace.c.id == workspace_id)
    with store.read() as connection:
        found = connection.execute(done).mappings().one()
        skipped = connection.execute(kept).scalar() or ()
    return {step: "done" if found[step.value] else "skipped" if step in skipped else "open" for step in OnboardingStep}


def is_over(found: Mapping[OnboardingStep, str]) -> bool:
    """Whether no step is open."""
    return "open" not in found.values()


def skip(store: Store, workspace_id: str, step: OnboardingStep) -> None:
    """Leave a step out."""
    this = workspace.c.id == workspace_id
    with store.begin() as tx:
        kept = tx.execute(sa.select(workspace.c.skipped_steps).where(this).with_for_update(key_share=True)).scalar()
        skipped = sorted({*(kept or ()), step.value})
        tx.execute(workspace.update().where(this).values(skipped_steps=skipped))


def _done(workspace_id: str) -> dict[OnboardingStep, Any]:
    """Return for each step the condition that it is done."""
    colleagues = sa.select(sa.func.count()).where(
        membership.c.workspace_id == workspace_id, membership.c.disabled_at.is_(None)
    )
    answered = (
        sa.exists()
        .where(conversation.c.workspace_id == workspace_id)
        .where(message.c.conversation_id == conversation.c.id, message.c.role == Role.CUSTOMER)
        .where(message.c.state == MessageState.ANSWERED)
    )
    from_elsewhere = sa.exists().where(
        conversation.c.workspace_id == workspace_id,
        sa.func.coalesce(conversation.c.channel, "") != CONSOLE_CHANNEL,
    )
    return {
        OnboardingStep.KNOWLEDGE: sa.or_(
            sa.exists().where(document.c.workspace_id == workspace_id),
            sa.exists().where(source.c.workspace_id == workspace_id),
        ),
        OnboardingStep.QUESTION: answered,
        OnboardingStep.COLLEAGUE: colleagues.scalar_subquery() > 1,
        OnboardingStep.CHANNEL: sa.or_(sa.exists().where(helpdesk.c.workspace_id == workspace_id), from_elsewhere),
    }
