"""The CodeAct agent: ask, act, tell, until it ends the work or its budget does.

Design: Wang et al., arXiv 2402.01030, as OpenHands runs it; `docs/codeact.md` says what is the same there
and what is not.
"""

from collections.abc import Mapping
from dataclasses import replace

from scaffolds.briefing import RESERVE_SHARE, TOOL_CHECK, briefing
from scaffolds.codeact.condensers import Condenser, make_condenser
from scaffolds.codeact.config import TOOLS, CodeActConfig
from scaffolds.codeact.hands import Hands
from scaffolds.codeact.history import History, Turn
from scaffolds.codeact.stuck import Circles, Rule
from scaffolds.errors import ContextOverflow
from scaffolds.messages import Completion, JsonValue, Message
from scaffolds.prompts import Prompts
from scaffolds.run import Outcome, Run
from scaffolds.tools import ToolSpec
from scaffolds.words import middle_cut, one_line

__all__ = ["TOOLS", "CodeAct", "CodeActConfig"]

_SUMMARY_CHARS = 500
"""Of the model's last words, which are kept in the end of the log."""
_LAST_ANSWERS = 5
_LAST_SHARE = 0.05
"""So few answers, or so small a share of the time, are the end of a run: the agent is told to look after its
submission."""


class CodeAct:
    """One conversation, whose answers act."""

    name = "codeact"
    version = "2"
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
            if config.reminder == "kept":
                came = _with_reminder(came, self._reminder(run, reserve_s))
            history.add(Turn(step, reply.message(), tuple(came)))
        return Outcome("its budget was used up")

    def _head(self, run: Run, tools: Mapping[str, ToolSpec]) -> list[Message]:
        brief = briefing(
            run,
            cap_s=self._config.call_timeout_s,
            step="one answer of yours, with all calls in it",
            check=TOOL_CHECK if "validate_submission" in tools else "",
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
        reminders: list[Message] = []
        if self._config.reminder == "volatile":
            reminders = [self._say("reminder_original", left=run.budget.left(), tools=list(tools))]
        while True:
            try:
                conversation = [*history.view(), *reminders]
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

    def _reminder(self, run: Run, reserve_s: float) -> str:
        left = run.budget.left()
        last_s = _LAST_SHARE / RESERVE_SHARE * reserve_s
        ends = left.seconds <= last_s or (left.steps is not None and left.steps <= _LAST_ANSWERS)
        return self._prompts.render("reminder", left=left, ends=ends).strip()

    def _say(self, template: str, **values: object) -> Message:
        return Message("user", self._prompts.render(template, **values).strip())


def _with_reminder(came: list[Message], reminder: str) -> list[Message]:
    """What came of an answer, with what is left at its end.

    It stands in the last result: a message of the user between results and answer would make a provider
    take the answer for the first one to a new question, and forget what was thought before.
    """
    at = max((place for place, message in enumerate(came) if message.role == "tool"), default=None)
    if at is None:
        return [*came, Message("user", reminder)]
    told = replace(came[at], content=f"{came[at].content}\n\n{reminder}")
    return [*came[:at], told, *came[at + 1 :]]


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
