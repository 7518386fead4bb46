"""A recorded run as a model: the same request gets the answer that it got then."""

import re
from collections import defaultdict
from functools import cache
from hashlib import sha256
from pathlib import Path

import orjson

from scaffolds.errors import UserError
from scaffolds.messages import Completion
from scaffolds.models.protocol import ModelRequest
from scaffolds.runtime.events import MODEL_RESPONSE
from scaffolds.runtime.log import LogReader
from scaffolds.runtime.transcript import message_record, parse_completion, requests

_NUMBERS = re.compile(rb"(?:\d+(?:[.,:]\d+)*(?: ?(?:hours?|minutes?|seconds?|ms|s)\b)? ?)+")
"""Numbers and spans of time: what prompts say of the time that scripts took and that is left."""

Place = tuple[int, tuple[str, ...]]
"""A request's seed, which only one place of a run has, and the hashes of its messages without numbers."""


class Tape:
    """Answers from the log of another run, found by the messages of the request.

    Where equal messages were answered several times, the request's seed decides: a run with the recorded
    run's seed gets the same answer at the same place. Where none are equal, the messages at that place may
    differ in numbers: no two runs take the same time. Usage is as recorded, the price is 0.
    """

    def __init__(self, folder: Path) -> None:
        self.name = f"tape/{folder}"
        self._answers: dict[tuple[str, ...], dict[int, Completion]] = defaultdict(dict)
        """By the hashes of the messages, then by the seed."""
        self._places: dict[Place, Completion] = {}
        self._record(LogReader(folder))

    def complete(self, request: ModelRequest) -> Completion:
        """See `Model.complete`; raises `UserError` for a request that the tape does not hold."""
        messages = [orjson.dumps(message_record(message)) for message in request.messages]
        if answers := self._answers.get(tuple(sha256(message).hexdigest() for message in messages)):
            by_rank = list(answers.values())
            return answers.get(request.seed) or by_rank[request.seed % len(by_rank)]
        answer = self._places.get((request.seed, tuple(map(_without_numbers, messages))))
        if answer is None:
            raise UserError(
                f"{self.name} holds no answer to this request: the task, the scaffold or the prompts differ "
                "from the recorded run in more than numbers, or the seed does"
            )
        return answer

    def _record(self, log: LogReader) -> None:
        @cache
        def bare(digest: str) -> str:
            return _without_numbers(log.blobs.get(digest))

        asked = {(event.lane, event.n): (event, hashes) for event, hashes in requests(log.events)}
        for event in log.of_type(MODEL_RESPONSE):
            request, hashes = asked[event.lane, event.n]
            fields = event.data | {name: log.value(event, name) for name in event.blobs} | {"usd": 0.0}
            seed, answer = int(request.data["seed"]), parse_completion(fields)
            self._answers[tuple(hashes)][seed] = answer
            self._places[seed, tuple(map(bare, hashes))] = answer


def _without_numbers(message: bytes) -> str:
    return sha256(_NUMBERS.sub(b"0", message)).hexdigest()
