"""Durable execution: `Run` over a log.

Every effect has a place: its lane and its ordinal there. If the log holds an answer for that place,
the answer is returned and nothing happens outside; if not, the effect is performed and recorded. So
running a scaffold again over its log is its resume, and there is no other mechanism.
"""

import hashlib
import random
from collections.abc import Mapping, Sequence
from typing import Any

from scaffolds.errors import AgentError, ContextOverflow, LimitReached
from scaffolds.messages import Completion, JsonValue, Message
from scaffolds.models.protocol import Model, ModelRequest
from scaffolds.run import Budget, Left, Run
from scaffolds.runtime import events as ev
from scaffolds.runtime.events import Event
from scaffolds.runtime.lane import Lane, digest_of, explain_fields
from scaffolds.runtime.log import LogReader
from scaffolds.runtime.parallel import DurableLanes
from scaffolds.runtime.session import MAIN_LANE, SLOW_ANSWER_S, Session
from scaffolds.runtime.size import Size
from scaffolds.runtime.transcript import (
    Conversation,
    Prepared,
    completion_record,
    difference,
    encodable,
    parse_completion,
    recorded_messages,
)
from scaffolds.runtime.workbench import Workbench
from scaffolds.tools import SANDBOX_TOOLS, ToolResult, ToolSpec


class DurableRun:
    """One lane's `Run`."""

    def __init__(self, session: Session, name: str = MAIN_LANE) -> None:
        self._session = session
        self._lane = Lane(session, name)
        self._bench = Workbench(self._lane)
        self._conversations: dict[str, tuple[Conversation, Size]] = {}
        self.task = session.task_of(name)
        hidden = session.world.hidden_tools
        self.tools: Mapping[str, ToolSpec] = {n: t for n, t in SANDBOX_TOOLS.items() if n not in hidden}
        self.budget: Budget = LaneBudget(self._lane)
        self.rng = random.Random(f"{session.world.seed}/{name}")

    def ask(
        self,
        messages: Sequence[Message],
        *,
        role: str = "main",
        tools: Sequence[ToolSpec] = (),
        **settings: JsonValue,
    ) -> Completion:
        """See `Run.ask`."""
        n = self._lane.place()
        session, seed = self._session, self._call_seed(n)
        settings = {**settings, **session.settings(role)}
        request = ModelRequest(
            messages, tools, settings, seed, self._lane.waiting, session.ended, self._left_s
        )
        conversation, size = self._conversations.setdefault(role, (Conversation(), Size()))
        prepared = conversation.prepare(role, messages, tools, settings, seed)
        tokens = size.of(prepared, messages)
        known = self._lane.take(
            n, ev.MODEL_REQUEST, prepared.digest, lambda event: self._explain(event, messages)
        )
        if known and known.answer:
            completion = parse_completion(self._lane.replayed(known.answer))
            size.answered(completion)
            return completion
        session.go_live()
        model = session.model(role)
        usd = session.ceiling(model, tokens, settings)
        self._lane.admit(n, prepared.digest, usd=usd)
        session.log.refuse_full_disk()
        if known is None:
            self._write_request(n, model, role, request, prepared)
        completion = self._complete(n, model, request, usd)
        size.answered(completion)
        return completion

    def call(self, tool: str, /, **arguments: JsonValue) -> ToolResult:
        """See `Run.call`."""
        n = self._lane.place()
        request = {"tool": tool, "arguments": arguments}
        digest = digest_of(ev.TOOL_CALL, request)
        known = self._lane.take(
            n, ev.TOOL_CALL, digest, lambda event: explain_fields(self._lane.fields(event), request)
        )
        if known and known.answer:
            fields = self._lane.replayed(known.answer)
            return ToolResult(fields["ok"], fields["text"], fields["facts"])
        self._lane.admit(n, digest)
        if known is None:
            self._lane.append(ev.TOOL_CALL, request, n, digest)
        return self._perform(n, tool, arguments)

    def note(self, type: str, **data: JsonValue) -> None:
        """See `Run.note`."""
        if "." not in type or type.partition(".")[0] in ev.RESERVED:
            raise AgentError(f"a note's type is named after its scaffold, as in 'aide.node': {type!r}")
        try:
            self._lane.record(type, data)
        except TypeError as error:
            raise AgentError(f"the note {type!r} holds what is no JSON: {error}") from error

    def lanes(self, n: int) -> DurableLanes:
        """See `Run.lanes`."""
        return DurableLanes(n, self._lane, self._enter)

    def freeze(self) -> None:
        """Copy the workspace a last time: background jobs may have written since the last call.

        A process that dies before it has graded that copy leaves it to the next one.
        """
        self._bench.snapshot(last=True)
        self._session.log.sync()

    @property
    def tree(self) -> str | None:
        """The workspace as last copied, as a hash in the blob store."""
        return self._bench.tree

    def _enter(self, name: str) -> Run:
        runs = self._session.runs
        run = runs.get(name)
        if not isinstance(run, DurableRun):
            run = runs[name] = DurableRun(self._session, name)
        run._lane.step = self._lane.step  # what a lane does belongs to the step in which it was started
        return run

    def _write_request(
        self, n: int, model: Model, role: str, request: ModelRequest, prepared: Prepared
    ) -> None:
        put = self._session.log.blobs.put
        blobs: dict[str, Any] = {"messages": [put(encoded) for encoded in prepared.encoded]}
        if request.tools:
            blobs["tools"] = put(prepared.tools)
        data: dict[str, Any] = {"role": role, "model": model.name, "keep": prepared.keep}
        data |= {"settings": request.settings, "seed": request.seed}
        self._lane.append(ev.MODEL_REQUEST, data, n, prepared.digest, blobs)

    def _complete(self, n: int, model: Model, request: ModelRequest, usd: float) -> Completion:
        """Ask the model, `usd` dollars of the run's own being reserved for it."""
        clock = self._session.world.clock
        began = clock()
        try:
            completion = encodable(self._asked(model, request, usd))
        except ContextOverflow as error:
            self._lane.answer(ev.MODEL_ERROR, n, {"code": error.code, "message": str(error)})
            raise
        except LimitReached as limit:
            self._lane.answer(ev.LIMIT, n, {"kind": limit.kind, "message": str(limit)})
            raise
        latency = round(clock() - began, 4)
        self._lane.answer(ev.MODEL_RESPONSE, n, {**completion_record(completion), "latency_s": latency})
        return completion

    def _asked(self, model: Model, request: ModelRequest, usd: float) -> Completion:
        ledger, purse = self._session.ledger, self._session.world.purse
        kept = 0.0
        try:
            purse.reserve(usd, request)
            try:
                completion = model.complete(request)
                ledger.book(completion.usage, completion.usd)
                # An answer that nobody can price may have cost all that was expected of it.
                kept = usd if completion.usd is None else 0.0
                return completion
            finally:
                purse.settle(usd - kept, ledger.read().usd)
        finally:
            ledger.release(usd - kept)

    def _left_s(self) -> float:
        return self._session.ledger.left().seconds

    def _perform(self, n: int, tool: str, arguments: Mapping[str, JsonValue]) -> ToolResult:
        answer = self._bench.perform(tool, arguments)
        result = answer.result
        if answer.submission:
            check = {"sha256": answer.submission, "code": result.data.get("code"), "by": "tool"}
            self._lane.append(ev.SUBMISSION_CHECK, check)
        data: dict[str, Any] = {
            "ok": result.ok,
            "text": result.text,
            "facts": result.data,
            "tree": self._bench.tree,
        }
        streams = {
            name: self._session.log.blobs.put(captured.head + captured.tail)
            for name, captured in answer.streams.items()
            if len(captured.head) + len(captured.tail) > len(result.text)
        }
        if streams:
            data["streams"] = streams
        if answer.images:
            put = self._session.log.blobs.put
            data["images"] = [{"mime": image.mime, "sha256": put(image.data)} for image in answer.images]
        slow = answer.execution is not None and answer.execution.wall_s > SLOW_ANSWER_S
        self._lane.answer(ev.TOOL_RESULT, n, data, sync=slow)
        return result

    def _call_seed(self, n: int) -> int:
        place = f"{self._session.world.seed}/{self._lane.name}/{n}"
        return int.from_bytes(hashlib.sha256(place.encode()).digest()[:4], "big") >> 1

    def _explain(self, recorded: Event, messages: Sequence[Message]) -> str:
        if recorded.type != ev.MODEL_REQUEST:
            return "the request differs from the one that was refused for a limit"
        reader = LogReader(self._session.log.folder)
        return difference(recorded_messages(reader.events, reader.blobs, recorded), messages)


class LaneBudget:
    """See `Budget`: what the lane knew of the ledger at its last recorded answer."""

    def __init__(self, lane: Lane) -> None:
        self._lane = lane

    def left(self) -> Left:
        """See `Budget.left`."""
        return self._lane.left()

    def take_step(self) -> int:
        """See `Budget.take_step`."""
        lane = self._lane
        n, digest = lane.place(), digest_of(ev.STEP_START, {})
        known = lane.take(n, ev.STEP_START, digest, lambda event: str(event.data))
        if known and known.answer:
            lane.step = int(lane.replayed(known.answer)["step"])
            return lane.step
        lane.admit(n, digest, step=True)
        lane.step = lane.session.ledger.count_step()
        lane.answer(ev.STEP_START, n, {"step": lane.step}, digest=digest)
        return lane.step
