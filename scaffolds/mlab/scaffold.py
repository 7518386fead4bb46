"""MLAB ResearchAgent (arXiv 2310.03302), as MLE-bench ran it: a plan, one action a step, a short memory.

Each step shows the model the task, the actions and its last few steps, and asks for labelled fields that end
in an action. What is older than that lives in the plan, which the model writes out anew each time.

What differs from the original, beyond names: the steps follow a system message, retries show the bad reply,
scripts end at a time limit with all that they started and show both streams, edits are undone where they
were saved, and nothing of the agent's runs in the process of the scaffold.
"""

from dataclasses import dataclass

from scaffolds.briefing import RESERVE_SHARE, briefing
from scaffolds.errors import ContextOverflow
from scaffolds.messages import JsonValue
from scaffolds.mlab.actions.action import Action, Observed, helper_failed
from scaffolds.mlab.actions.table import available
from scaffolds.mlab.arguments import BadArguments, read_arguments
from scaffolds.mlab.config import MlabConfig
from scaffolds.mlab.desk import Desk
from scaffolds.mlab.history import History, Step
from scaffolds.mlab.observation import policy
from scaffolds.mlab.reply import Record
from scaffolds.mlab.research_log import ResearchLog
from scaffolds.mlab.talk import Talk, step_text
from scaffolds.prompts import Prompts
from scaffolds.run import Outcome, Run

_LINK_DATA = "ln -sfn ../data input"
_FINDINGS_CHARS = 2_000
_CHECK = "the action `Validate Submission`"


class Mlab:
    """The loop: ask for a step, do its action, remember what came of it."""

    name = "mlab"
    version = "3"
    roles = ("main", "edit", "fast")
    Config = MlabConfig

    def __init__(self, config: MlabConfig) -> None:
        self._config = config
        self._prompts = Prompts.beside(__file__)

    def run(self, run: Run) -> Outcome:
        """See `Scaffold.run`."""
        session = self._session(run)
        while session.goes_on():
            observed = session.step()
            if observed.final:
                return Outcome(observed.text)
        return Outcome(f"{session.number} steps, without a final answer")

    def _session(self, run: Run) -> "_Session":
        config = self._config
        brief = briefing(run, cap_s=config.exec_timeout_s, step="one reply with its action", check=_CHECK)
        linked = run.call("shell", command=_LINK_DATA).ok
        reserve_s = RESERVE_SHARE * brief.total.seconds
        desk = Desk(run, config, self._prompts, brief, ResearchLog(config.log_chars), reserve_s, linked)
        actions = available(run.tools, config)
        system = self._prompts.render(
            "system",
            brief=brief,
            actions="\n\n".join(a.spec.as_text() for a in actions.values() if not a.hidden),
            linked=linked,
            fields=config.fields,
            max_steps=config.steps if brief.total.steps is None else brief.total.steps,
        )
        return _Session(desk, Talk(desk, actions, system), History())


@dataclass(slots=True)
class _Session:
    """A run at work."""

    desk: Desk
    talk: Talk
    history: History
    number: int = 0
    """The step that is being taken, or was last."""
    unreadable: int = 0
    """Steps in a row whose arguments could not be read."""
    last_script: int | None = None
    """The step that last ran a script."""

    def goes_on(self) -> bool:
        """Whether there is a step to take."""
        return self._free() or self.steps_left() > 0

    def steps_left(self) -> int:
        """Steps that may still be begun."""
        left = self.desk.run.budget.left().steps
        return self.desk.config.steps - self.number if left is None else left

    def step(self) -> Observed:
        """Take one step."""
        run = self.desk.run
        if not self._free():
            self.number = run.budget.take_step()
        record, action = self.talk.next(self.history)
        try:
            arguments = read_arguments(record.action_input, action.spec)
        except BadArguments as error:
            return self._misread(record, action, error)
        self.unreadable = 0
        observed = self._perform(action, arguments)
        self._note(record, action, observed)
        if not observed.final:
            text = policy(self.desk.config).shown(self.desk, observed.text)
            self._remember(Step(record, self._observation(text)))
        return observed

    def _free(self) -> bool:
        """Whether the last step came to nothing and so is taken once more."""
        config = self.desk.config
        return config.free_parse_errors and 0 < self.unreadable <= config.max_retries

    def _misread(self, record: Record, action: Action, error: BadArguments) -> Observed:
        self.unreadable += 1
        self.desk.run.note("mlab.argument_error", action=action.spec.name, reason=str(error))
        text = self.desk.prompts.render("bad_arguments", reason=str(error), spec=action.spec)
        self.history.add(Step(record, self._observation(text), unreadable=True))
        return Observed(text, "failed")

    def _perform(self, action: Action, arguments: dict[str, JsonValue]) -> Observed:
        try:
            return action.perform(self.desk, arguments)
        except ContextOverflow:
            return helper_failed("that is too much text for the model that helps; give it less at a time.")

    def _observation(self, text: str) -> str:
        left_s = self.desk.run.budget.left().seconds
        return self.desk.prompts.render(
            "observed", text=text.rstrip(), left_s=left_s, steps_left=self.steps_left()
        )

    def _remember(self, step: Step) -> None:
        self.history.add(step)
        if self.desk.config.retrieval:
            instead = f"Action: {step.record.action}"
            self.desk.log.append(self.desk.fast_or(instead, "summarize", step=step_text(self.desk, step)))

    def _note(self, record: Record, action: Action, observed: Observed) -> None:
        """Tell the log; scripts are nodes, each made from the one before it."""
        run, name = self.desk.run, action.spec.name
        run.note("mlab.step", id=self.number, action=name, status=observed.status, plan=record.plan)
        if action.script:
            parents: list[JsonValue] = [] if self.last_script is None else [self.last_script]
            findings = observed.text[-_FINDINGS_CHARS:]
            facts: dict[str, JsonValue] = {
                "status": observed.status,
                "plan": record.plan,
                "findings": findings,
            }
            run.note("mlab.node", id=self.number, parents=parents, operator=name, **facts)
            self.last_script = self.number
