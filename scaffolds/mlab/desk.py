"""What an action works with: the run, the settings, and the two models that help."""

from dataclasses import dataclass

from scaffolds.briefing import Briefing
from scaffolds.errors import ContextOverflow
from scaffolds.messages import Completion, JsonValue, Message
from scaffolds.mlab.config import MlabConfig
from scaffolds.mlab.research_log import ResearchLog
from scaffolds.prompts import Prompts
from scaffolds.run import Run


@dataclass(frozen=True, slots=True)
class Desk:
    """One session's means."""

    run: Run
    config: MlabConfig
    prompts: Prompts
    brief: Briefing
    log: ResearchLog
    reserve_s: float
    """Seconds at the end that no script may use."""
    linked: bool
    """Whether `input`, in the code folder, leads to the data."""

    def fast(self, template: str, **values: object) -> str:
        """What the role `fast` answers to a template.

        Raises:
            ContextOverflow: the prompt is too long for it.
        """
        config = self.config
        reply = self._ask("fast", template, values, config.fast_temperature, config.fast_max_tokens)
        return reply.text.strip() or "(no answer)"

    def fast_or(self, instead: str, template: str, **values: object) -> str:
        """The same, or `instead` where the prompt is too long for the model."""
        try:
            return self.fast(template, **values)
        except ContextOverflow:
            return instead

    def edit(self, template: str, **values: object) -> Completion:
        """What the role `edit` answers to a template.

        Raises:
            ContextOverflow: the prompt is too long for it.
        """
        config = self.config
        return self._ask("edit", template, values, config.edit_temperature, config.edit_max_tokens)

    def _ask(
        self, role: str, template: str, values: dict[str, object], temperature: float | None, tokens: int
    ) -> Completion:
        prompt = self.prompts.render(template, brief=self.brief, linked=self.linked, **values)
        return self.run.ask([Message("user", prompt)], role=role, tools=(), **sampling(temperature, tokens))


def sampling(temperature: float | None, max_tokens: int) -> dict[str, JsonValue]:
    """The settings of a call; a temperature of None is the provider's affair."""
    settings: dict[str, JsonValue] = {"max_tokens": max_tokens}
    return settings if temperature is None else {"temperature": temperature, **settings}
