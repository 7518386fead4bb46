"""Steps in words."""

from scaffolds.models.offline import catalog
from scaffolds.models.offline.policy import Step
from scaffolds.models.offline.scripts import environment
from scaffolds.task import TaskCard


def plan_of(step: Step, card: TaskCard) -> str:
    """What a step does and why, in a few sentences."""
    members = step.recipe.members
    plan = (
        environment()
        .get_template(f"replies/{step.kind}.md.j2")
        .render(
            step=step,
            card=card,
            models=[member.variant(card.prediction != "number") for member in members],
            scaling=catalog.scalings()[members[0].scaling].words,
        )
    )
    return " ".join(plan.split())
