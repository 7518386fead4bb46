"""The main model asked for a step, until its reply can be used."""

from collections.abc import Mapping
from dataclasses import dataclass

from scaffolds.errors import AgentError, ContextOverflow
from scaffolds.messages import Completion, JsonValue, Message
from scaffolds.mlab.actions.action import Action
from scaffolds.mlab.desk import Desk, sampling
from scaffolds.mlab.history import History, Step
from scaffolds.mlab.reply import STOP, Record, Unreadable, read_record, until_observation


@dataclass(frozen=True, slots=True)
class Talk:
    """A conversation that begins anew at every step: what is always told, then the latest steps."""

    desk: Desk
    actions: Mapping[str, Action]
    system: str

    def next(self, history: History) -> tuple[Record, Action]:
        """The next step: what the model wrote, and the action that it names.

        A reply that cannot be used is shown back to the model with what is wrong with it.

        Raises:
            AgentError: as many replies in a row as may be could not be used.
            ContextOverflow: not even a prompt without steps is short enough.
        """
        config, run = self.desk.config, self.desk.run
        digest = self._digest(history)
        complaint: list[Message] = []
        for attempt in range(config.max_retries):
            reply = self._ask(history, digest, complaint)
            try:
                return self._read(reply)
            except Unreadable as error:
                run.note("mlab.parse_error", attempt=attempt, reason=str(error))
                again = self.desk.prompts.render("bad_reply", reason=str(error), fields=config.fields)
                shown = [reply.message()] if reply.text.strip() else []
                complaint = [*shown, Message("user", again)]
        raise AgentError(
            f"none of {config.max_retries} replies could be used; `python -m experiments.inspect RUN "
            "--plain` shows them",
            code="mlab.no_reply",
        )

    def _read(self, reply: Completion) -> tuple[Record, Action]:
        if not reply.text.strip():
            raise Unreadable("it is empty.")
        if reply.stop == "length" and STOP not in reply.text:
            raise Unreadable(f"it was cut off at {self.desk.config.max_tokens} tokens. Be shorter.")
        record = read_record(until_observation(reply.text), self.desk.config.fields)
        action = self.actions.get(record.action)
        if action is None:
            names = ", ".join(f"`{name}`" for name in self.actions)
            raise Unreadable(f"there is no action of that name. The actions are: {names}.")
        return record, action

    def _ask(self, history: History, digest: str | None, complaint: list[Message]) -> Completion:
        """Ask with as many of the latest steps as the model takes."""
        config = self.desk.config
        settings: dict[str, JsonValue] = {
            **sampling(config.temperature, config.max_tokens),
            "stop": [STOP],
        }
        for size in range(config.steps_in_context, -1, -1):
            messages = [
                Message("system", self.system),
                Message("user", self._told(history, size, digest)),
                *complaint,
            ]
            try:
                return self.desk.run.ask(messages, role="main", tools=(), **settings)
            except ContextOverflow:
                if size == 0:
                    raise
                self.desk.run.note("mlab.shrunk", steps=size - 1)
        raise AssertionError("the last size returns or raises")

    def _told(self, history: History, size: int, digest: str | None) -> str:
        steps = history.window(size, self.desk.config.observations_in_context)
        told = [step_text(self.desk, step) for step in steps]
        return self.desk.prompts.render(
            "steps", steps=told, total=len(history), plan=history.plan, digest=digest
        )

    def _digest(self, history: History) -> str | None:
        """What the research log says, once there are steps that the prompt leaves out."""
        config = self.desk.config
        if not config.retrieval or len(history) <= config.steps_in_context:
            return None
        return self.desk.fast_or(
            "(too long to be summed up)", "retrieve", log=self.desk.log.latest(), plan=history.plan
        )


def step_text(desk: Desk, step: Step) -> str:
    """One step as prompts show it."""
    return desk.prompts.render("step", fields=step.record.shown(), observation=step.observation)
