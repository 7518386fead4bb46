"""ReAct: the model calls tools until it ends the work. `docs/writing-a-scaffold.md` explains every line."""

from pydantic import BaseModel, ConfigDict, Field

from scaffolds.briefing import briefing
from scaffolds.calls import result
from scaffolds.messages import Message
from scaffolds.prompts import Prompts
from scaffolds.run import Outcome, Run


class ReactConfig(BaseModel):
    """Settings of ReAct."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    steps: int = Field(100, ge=1)
    """Answers that the model may give; a limit in the sweep's `time_limits` goes before it."""


class React:
    """Asks, does what it is told, shows what came of it, and asks again."""

    name = "react"
    version = "1"
    Config = ReactConfig
    roles = ("main",)

    def __init__(self, config: ReactConfig) -> None:
        del config  # its only setting is read where runs are planned
        self._prompts = Prompts.beside(__file__)

    def run(self, run: Run) -> Outcome:
        """See `Scaffold.run`."""
        brief = briefing(run, cap_s=run.budget.left().seconds, step="one answer of yours")
        conversation = [
            Message("system", self._prompts.render("system")),
            Message("user", self._prompts.render("start", brief=brief)),
        ]
        while run.budget.left().steps != 0:
            step = run.budget.take_step()
            reply = run.ask(conversation, tools=tuple(run.tools.values()))
            conversation.append(reply.message())
            if not reply.tool_calls:
                conversation.append(Message("user", self._prompts.render("go_on")))
            for call in reply.tool_calls:
                done = result(run, call)
                run.note("react.action", step=step, tool=call.name, ok=done.ok)
                if call.name == "finish" and done.ok:
                    return Outcome(f"ended its work in step {step}")
                conversation.append(Message("tool", done.text, tool_call_id=call.id))
        return Outcome("its steps were used up")
