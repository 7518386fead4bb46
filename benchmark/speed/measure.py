"""Measures what checks and grades cost, each competition in a process of its own."""

import importlib
import multiprocessing
import resource
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict

from benchmark.competition import Competition
from benchmark.contract import check, compile_contract
from benchmark.errors import BenchmarkError
from benchmark.grade import grade
from benchmark.metrics import METRICS
from benchmark.registry import find
from benchmark.speed.files import Files, Size, generate, sizes

MEBIBYTE = 1024 * 1024
FEW = 64
"""Rows of a small submission: enough that no metric is without a value."""
ROUNDS = 3
"""How often a grade and a read are timed, of which the least counts: the first time pays for memory that the
second finds in place, and would make whatever comes first look slow."""
Result = TypeVar("Result")


class NoSize(BenchmarkError):
    """Nobody noted how large a submission to a competition is."""

    code = "no_size"

    def __init__(self, competition_id: str) -> None:
        super().__init__(
            f"benchmark/speed/sizes.yaml does not say how large a submission to {competition_id!r} is; add a "
            "line there, in the form of the others"
        )


class Figures(BaseModel):
    """What one competition costs."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    """The competition."""
    metric: str
    """Its metric."""
    rows: int
    """Rows of the submission."""
    megabytes: float
    """Size of the submission and the answers."""
    read_s: float
    """Processor seconds that `pandas.read_csv` takes for both, for comparison."""
    grade_s: float
    """Processor seconds from bytes to a report."""
    check_s: float
    """Processor seconds from bytes to a verdict of the contract."""
    compile_s: float
    """Processor seconds to compile the contract."""
    ratio: float
    """`grade_s` over `read_s`."""
    peak_mb: int
    """The most memory that the process held, in MiB, imports included."""
    score: float | None
    """What the generated submission scored; none where it was not valid."""


def measure(ids: Sequence[str], scale: float = 1.0) -> Iterator[Figures]:
    """The figures of competitions, one after the other.

    Args:
        ids: The competitions.
        scale: The share of the real number of rows.

    Raises:
        NoSize: A competition has no noted size.
    """
    for name in ids:
        if name not in sizes():
            raise NoSize(name)
    # A fresh process for each: the peak of memory is that of a whole process.
    context = multiprocessing.get_context("spawn")
    for name in ids:
        with ProcessPoolExecutor(1, mp_context=context) as pool:
            yield pool.submit(_measure_one, name, scale).result()


def _measure_one(name: str, scale: float) -> Figures:
    competition = find(name)
    whole = sizes()[name]
    size = Size(max(int(whole.rows * scale), min(whole.rows, FEW)), whole.parts)
    with tempfile.TemporaryDirectory() as folder:
        # In a process of its own, or its memory would count as the grader's.
        with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
            files = pool.submit(_generate, name, Path(folder), size).result()
        _get_ready(competition, Path(folder))
        return _figures(competition, files, size)


def _generate(name: str, folder: Path, size: Size) -> Files:
    return generate(find(name), folder, size)


def _get_ready(competition: Competition, folder: Path) -> None:
    """Imports what grading needs, as a warm grader has."""
    for module in METRICS[competition.metric.name].needs:
        importlib.import_module(module)
    small = generate(competition, folder / "small", Size(FEW, 3))
    grade(small.submission.read_bytes(), competition, small.private)


def _figures(competition: Competition, files: Files, size: Size) -> Figures:
    answers = files.private / competition.answers.file
    data = files.submission.read_bytes()
    grade_s, report = _least(lambda: grade(data, competition, files.private))
    compile_s, contract = _timed(lambda: compile_contract(competition, files.public))
    check_s, verdict = _timed(lambda: check(data, contract))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    if verdict.valid != report.valid_submission:
        raise AssertionError(f"contract and grader disagree on generated files: {verdict.message}")
    read_s, _ = _least(lambda: _read(files.submission, answers))
    return Figures(
        id=competition.id,
        metric=competition.metric.name,
        rows=size.rows,
        megabytes=round((len(data) + answers.stat().st_size) / MEBIBYTE, 1),
        read_s=round(read_s, 4),
        grade_s=round(grade_s, 4),
        check_s=round(check_s, 4),
        compile_s=round(compile_s, 4),
        ratio=round(grade_s / read_s, 2),
        peak_mb=peak,
        score=report.score,
    )


def _read(*paths: Path) -> None:
    import pandas as pd

    for path in paths:
        if path.suffix == ".jsonl":
            pd.read_json(path, lines=True)
        else:
            pd.read_csv(path)


def _least(work: Callable[[], Result]) -> tuple[float, Result]:
    """The least that a piece of work takes in some rounds."""
    seconds, result = _timed(work)
    for _ in range(ROUNDS - 1):
        seconds = min(seconds, _timed(work)[0])
    return seconds, result


def _timed(work: Callable[[], Result]) -> tuple[float, Result]:
    """How many seconds of the processor a piece of work takes: others on the machine do not count."""
    start = time.process_time()
    result = work()
    return time.process_time() - start, result
