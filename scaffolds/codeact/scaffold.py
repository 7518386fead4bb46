"""The CodeAct agent: ask, act, tell, until it ends the work or its budget does.

Design: Wang et al., arXiv 2402.01030, as OpenHands runs it; `docs/codeact.md` says what is the same there
and what is not.
"""

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, Field, field_validator

from scaffolds.briefing import RESERVE_SHARE, briefing
from scaffolds.codeact.condensers import Condenser, CondenserConfig, make_condenser
from scaffolds.codeact.hands import Hands
from scaffolds.codeact.history import History, Turn
from scaffolds.codeact.stuck import Circles, Rule
from scaffolds.errors import ContextOverflow
from scaffolds.messages import Completion, JsonValue, Message
from scaffolds.prompts import Prompts
from scaffolds.run import Outcome, Run
from scaffolds.tools import SANDBOX_TOOLS, ToolSpec
from scaffolds.words import middle_cut, one_line

TOOLS = (
    "shell",
    "shell_poll",
    "python",
    "edit_file",
    "write_file",
    "read_file",
    "list_files",
    "validate_submission",
    "think",
    "finish",
)
_SUMMARY_CHARS = 500
"""Of the model's last words, which are kept in the end of the log."""


class CodeActConfig(BaseModel):
    """Settings of CodeAct; the defaults are the paper's (table 7) and its harness's."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    steps: int = Field(default=500, ge=1)
    """Answers that the model may give; a limit in the sweep's `time_limits` goes before it."""
    condenser: CondenserConfig = CondenserConfig()
    """How a long conversation is made shorter."""
    call_timeout_s: float = Field(default=86_400.0, gt=0)
    """Seconds after which any call is stopped (24 h in the paper's harness); one that names no timeout is
    stopped after 600."""
    observation_chars: int = Field(default=30_000, ge=200)
    """Characters of a result that the model sees: the first and the last half of them."""
    tools: tuple[str, ...] = TOOLS
    """The tools that the model is offered, in this order."""
    check_finish: bool = True
    """Whether the first try to end the work without a submission is answered by a question."""
    temperature: float | None = Field(default=0.0, ge=0, le=2)
    """Sampling temperature; null leaves it to the provider."""

    @field_validator("tools")
    @classmethod
    def _known(cls, tools: tuple[str, ...]) -> tuple[str, ...]:
        if unknown := [name for name in tools if name not in SANDBOX_TOOLS]:
            raise ValueError(f"there is no tool {unknown[0]!r}; there are: {', '.join(SANDBOX_TOOLS)}")
        return tools


class CodeAct:
    """One conversation, whose answers act."""

    name = "codeact"
    version = "1"
    roles = ("main", "condenser")
    Config = CodeActConfig

    def __init__(self, config: CodeActConfig) -> None:
        self._config = config
        self._prompts = Prompts.beside(__file__)
        self._condenser = make_condenser(config.condenser, self._prompts)

    def run(self, run: Run) -> Outcome:
        """See `Scaffold.run`."""
        config, reserve_s = self._config, RESERVE_SHARE * run.budget.left().seconds
        tools = {name: run.tools[name] for name in config.tools if name in run.tools}
        history = History(self._head(run, tools))
        hands = Hands(run, self._prompts, tools, config.call_timeout_s, reserve_s, config.check_finish)
        circles = Circles()
        while (left := run.budget.left()).steps != 0 and left.seconds > reserve_s:
            step = run.budget.take_step()
            reply = self._ask(run, history, tools)
            came, rule = self._act(reply, hands, circles)
            if hands.finished is not None:
                return Outcome(one_line(hands.finished, _SUMMARY_CHARS))
            if rule:
                run.note("codeact.stuck", rule=rule, action="stop" if circles.nudged else "nudge")
                if circles.nudged:
                    return Outcome(f"stopped: it went in circles ({rule})")
                circles.nudge()
                came.append(self._say(f"stuck_{rule}"))
            history.add(Turn(step, reply.message(), tuple(came)))
        return Outcome("its budget was used up")

    def _head(self, run: Run, tools: Mapping[str, ToolSpec]) -> list[Message]:
        brief = briefing(
            run, cap_s=self._config.call_timeout_s, step="one answer of yours, with all calls in it"
        )
        system = self._prompts.render("system", tools=list(tools))
        return [Message("system", system), Message("user", self._prompts.render("start", brief=brief))]

    def _ask(self, run: Run, history: History, tools: Mapping[str, ToolSpec]) -> Completion:
        """The next answer, to a conversation that is made shorter until the model takes it."""
        settings: dict[str, JsonValue] = {}
        if self._config.temperature is not None:
            settings["temperature"] = self._config.temperature
        if self._condenser.due(history):
            condense(run, self._condenser, history)
        reminder = self._say("reminder", left=run.budget.left(), tools=list(tools))
        while True:
            try:
                conversation = [*history.view(), reminder]
                return run.ask(conversation, role="main", tools=tuple(tools.values()), **settings)
            except ContextOverflow:
                if not condense(run, self._condenser, history):
                    raise

    def _act(self, reply: Completion, hands: Hands, circles: Circles) -> tuple[list[Message], Rule | None]:
        """Carry out the calls of an answer, in their order.

        Returns what the model is told then, and the first circle that was closed on the way.
        """
        if not reply.tool_calls:
            circles.spoke(reply.text)
            return [self._say("continue")], circles.rule()
        came: list[Message] = []
        rule: Rule | None = None
        half = self._config.observation_chars // 2
        for call in reply.tool_calls:
            result = hands.perform(call)
            circles.called(call, result)
            rule = rule or circles.rule()
            came.append(Message("tool", middle_cut(result.text, half, half), tool_call_id=call.id))
        return came, rule

    def _say(self, template: str, **values: object) -> Message:
        return Message("user", self._prompts.render(template, **values).strip())


def condense(run: Run, condenser: Condenser, history: History) -> bool:
    """Make the view shorter and note how; whether anything could go."""
    condensation = condenser.condense(run, history)
    if condensation is None:
        return False
    run.note(
        "context.condensed",
        dropped=list(condensation.dropped),
        masked=list(condensation.masked),
        cut=list(condensation.cut),
        chars=condensation.chars,
        summary=condensation.summary,
    )
    history.apply(condensation)
    return True
