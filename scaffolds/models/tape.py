"""A recorded run as a model: the same request gets the answer that it got then."""

import hashlib
from collections import defaultdict
from pathlib import Path
from typing import Any

import orjson

from scaffolds.errors import UserError
from scaffolds.messages import Completion
from scaffolds.models.protocol import ModelRequest
from scaffolds.runtime.events import MODEL_REQUEST, MODEL_RESPONSE
from scaffolds.runtime.log import LogReader
from scaffolds.runtime.transcript import message_record, parse_completion, recorded_messages


class Tape:
    """Answers from the log of another run, found by the messages of the request.

    Where equal messages were answered several times, the request's seed decides: a run with the
    recorded run's seed gets the same answer at the same place. Usage is as recorded, the price is 0.
    """

    def __init__(self, folder: Path) -> None:
        self.name = f"tape/{folder}"
        self._answers = _answers(LogReader(folder))

    def complete(self, request: ModelRequest) -> Completion:
        """See `Model.complete`; raises `UserError` for a request that the tape does not hold."""
        answers = self._answers.get(_key([message_record(message) for message in request.messages]))
        if answers is None:
            raise UserError(
                f"{self.name} holds no answer to this request: the task, the prompts or the scaffold "
                "differ from the recorded run"
            )
        by_rank = list(answers.values())
        return answers.get(request.seed) or by_rank[request.seed % len(by_rank)]


def _answers(log: LogReader) -> dict[str, dict[int, Completion]]:
    answers: dict[str, dict[int, Completion]] = defaultdict(dict)
    requests = {(event.lane, event.n): event for event in log.of_type(MODEL_REQUEST)}
    for event in log.of_type(MODEL_RESPONSE):
        request = requests[event.lane, event.n]
        fields = event.data | {name: log.value(event, name) for name in event.blobs} | {"usd": 0.0}
        key = _key(recorded_messages(log.events, log.blobs, request))
        answers[key][request.data["seed"]] = parse_completion(fields)
    return dict(answers)


def _key(messages: list[dict[str, Any]]) -> str:
    return hashlib.sha256(orjson.dumps(messages, option=orjson.OPT_SORT_KEYS)).hexdigest()
