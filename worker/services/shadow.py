"""An agent without effects, for past tickets: as the desk's own, but it writes nothing and has a budget of its own."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from worker.answering.chat_api.run_budget import RunBudget
from worker.answering.question import Question
from worker.conversations.outcomes import Outcome
from worker.errors import Invalid
from worker.services.agent import build_agent, without_effects

if TYPE_CHECKING:
    from worker.answering.agent import Agent
    from worker.services.agent import Knowledge
    from worker.services.common import Common
    from worker.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Shadow:
    """Answers past tickets (`worker.backtest.run.ShadowAgent`)."""

    agent: "Agent"
    budget: RunBudget

    @property
    def stopped(self) -> str | None:
        """Why no further model call may be made; None while calls may be made."""
        return self.budget.stopped

    def answer(self, question: Question) -> Outcome:
        """Return the outcome of a question, as a worker would get it."""
        return self.agent.answer(question)


def build_shadow(
    common: "Common", knowledge: "Knowledge", settings: "Settings", *, max_usd: float | None, spent_usd: float
) -> Shadow:
    """Build the agent of a backtest with the settings of its workspace.

    Raises:
        Invalid: the cost is to be limited, and that of a model is not known.
    """
    if max_usd is not None and settings.chosen_answerer == "llm":
        priced = {model for model, _prompt, _completion in settings.prices}
        used = {*settings.models, *((settings.judge_model,) if settings.judges and settings.judge_model else ())}
        if unknown := sorted(used - priced):
            raise Invalid(f"--max-cost needs the price of {', '.join(unknown)}: set ANSWERBACK_PRICES, or `prices`.")
    budget = RunBudget(max_usd=max_usd, spent_usd=spent_usd)
    agent = without_effects(common, knowledge, build_agent(common, knowledge, None, settings), budget, settings)
    return Shadow(agent=agent, budget=budget)
