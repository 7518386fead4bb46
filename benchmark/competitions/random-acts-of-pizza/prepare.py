"""Requests are JSON records; test keeps the fields that the original test set has."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import pandas as pd

from benchmark.preparation.archives import pack
from benchmark.preparation.errors import BadRaw
from benchmark.preparation.job import Job
from benchmark.preparation.recipe import facts_of
from benchmark.preparation.split import Positions, split_positions
from benchmark.preparation.tables import write_table

Record = Mapping[str, Any]
LABEL = "requester_received_pizza"


def prepare(job: Job) -> None:
    """Writes the requests, loose and zipped, the answers and the sample submission.

    Its parameter `hidden` names fields that both sides lose, divided by blanks.

    Raises:
        BadRaw: The raw files are no lists of records, or records lack fields.
    """
    everyone, original_test = _records(job, "train.json"), _records(job, "test.json")
    hidden = str(facts_of(job.competition).params.get("hidden", "")).split()
    halves = split_positions(len(everyone), job.competition.split, len(original_test))
    train, test = _chosen(everyone, halves.train), _chosen(everyone, halves.test)
    fields = [name for name in original_test[0] if name not in hidden]
    _require(job, test, {*fields, "request_id", LABEL})
    _write(job, "train", [{name: record[name] for name in record if name not in hidden} for record in train])
    _write(job, "test", [{name: record[name] for name in fields} for record in test])
    answers = pd.DataFrame(
        {
            "request_id": [record["request_id"] for record in test],
            LABEL: [int(record[LABEL]) for record in test],
        }
    )
    write_table(answers, job.private / "test.csv")
    write_table(answers.assign(**{LABEL: 0}), job.public / "sampleSubmission.csv")


def _chosen(everyone: Sequence[Record], positions: Positions) -> list[Record]:
    return [everyone[int(position)] for position in positions]


def _records(job: Job, name: str) -> Sequence[Record]:
    path = job.raw.path(name)
    try:
        records = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise BadRaw(path, f"not JSON: {error}") from error
    if not isinstance(records, list) or not records:
        raise BadRaw(path, "not a list of records")
    elements = cast(list[object], records)
    others = sum(not isinstance(element, dict) for element in elements)
    if others:
        raise BadRaw(path, f"{others} of its {len(elements)} elements are no records")
    return cast(Sequence[Record], records)


def _require(job: Job, records: Sequence[Record], fields: set[str]) -> None:
    path = job.raw.path("train.json")
    lacking = sorted({name for record in records for name in fields if name not in record})
    if lacking:
        raise BadRaw(path, f"records lack {', '.join(lacking)}")
    if any(record[LABEL] not in (True, False) for record in records):
        raise BadRaw(path, f"{LABEL} is not true or false everywhere")


def _write(job: Job, side: str, records: Sequence[Record]) -> None:
    path = job.public / f"{side}.json"
    with path.open("w", encoding="utf-8") as file:
        json.dump(records, file, indent=4)
    pack(Path(job.public, f"{side}.zip"), [(path.name, path)])
