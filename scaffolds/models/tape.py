"""A recorded run as a model: the same request gets the answer that it got then."""

from collections import defaultdict
from hashlib import sha256
from pathlib import Path

import orjson

from scaffolds.errors import UserError
from scaffolds.messages import Completion
from scaffolds.models.protocol import ModelRequest
from scaffolds.runtime.events import MODEL_RESPONSE
from scaffolds.runtime.log import LogReader
from scaffolds.runtime.transcript import message_record, parse_completion, requests


class Tape:
    """Answers from the log of another run, found by the messages of the request.

    Where equal messages were answered several times, the request's seed decides: a run with the
    recorded run's seed gets the same answer at the same place. Usage is as recorded, the price is 0.
    """

    def __init__(self, folder: Path) -> None:
        self.name = f"tape/{folder}"
        self._answers = _answers(LogReader(folder))
        """By the hashes of the messages, then by the seed."""

    def complete(self, request: ModelRequest) -> Completion:
        """See `Model.complete`; raises `UserError` for a request that the tape does not hold."""
        hashes = [sha256(orjson.dumps(message_record(m))).hexdigest() for m in request.messages]
        answers = self._answers.get(tuple(hashes))
        if answers is None:
            raise UserError(
                f"{self.name} holds no answer to this request: the task, the scaffold or the prompts "
                "differ from the recorded run, were it in what they say of time spent or left"
            )
        by_rank = list(answers.values())
        return answers.get(request.seed) or by_rank[request.seed % len(by_rank)]


def _answers(log: LogReader) -> dict[tuple[str, ...], dict[int, Completion]]:
    answers: dict[tuple[str, ...], dict[int, Completion]] = defaultdict(dict)
    asked = {(event.lane, event.n): (event, hashes) for event, hashes in requests(log.events)}
    for event in log.of_type(MODEL_RESPONSE):
        request, hashes = asked[event.lane, event.n]
        fields = event.data | {name: log.value(event, name) for name in event.blobs} | {"usd": 0.0}
        answers[tuple(hashes)][request.data["seed"]] = parse_completion(fields)
    return dict(answers)
