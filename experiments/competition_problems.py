"""What the competitions of a sweep lack: a folder, the data version that is asked for, prepared data."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from shlex import quote

from benchmark.competition import Competition
from benchmark.errors import NotPrepared, UnknownCompetition
from benchmark.prepare import outdated, prepared
from benchmark.registry import SPLITS, all_ids, find, members, missing
from benchmark.versions import at_version, has_version
from experiments.code import is_copy
from experiments.config import Sweep
from experiments.problem import Problem
from scaffolds.words import count

_NAMED = 6
"""How many names a line shows of a longer list."""


def competition_ids(sweep: Sweep) -> tuple[str, ...]:
    """The competitions of a sweep, splits taken apart, in the order of the config."""
    names = (members(name) if name in SPLITS else (name,) for name in sweep.competitions)
    return tuple(dict.fromkeys(competition for group in names for competition in group))


def find_competition_problems(sweep: Sweep, data_dir: Path) -> Iterator[Problem]:
    """All that is missing, each with the command that mends it, where one does."""
    ids, version = competition_ids(sweep), sweep.data_version
    lacking = missing(ids)
    yield from _absent(lacking)
    there = [find(name) for name in ids if name not in lacking]
    wanted = [at_version(found, version) for found in there if has_version(found, version)]
    having = [competition.id for competition in wanted]
    yield from _of_one_version([found.id for found in there if found.id not in having], having, version)
    yield from _outdated(wanted, version, data_dir)
    unprepared = [competition for competition in wanted if not _has_data(competition, data_dir)]
    ours = [competition for competition in unprepared if competition.preparation]
    theirs = [competition for competition in unprepared if not competition.preparation]
    by_sets = len(ours) > _NAMED and not theirs and len(having) == len(ids)
    named = sweep.competitions if by_sets else [competition.id for competition in ours]
    yield from _unprepared(ours, _prepare_command(named, version, data_dir))
    by_theirs = "; ".join(NotPrepared(competition, data_dir).command for competition in theirs[:_NAMED])
    yield from _unprepared(theirs, by_theirs, ", and only MLE-bench's own package can do so")


def _absent(lacking: Sequence[str]) -> Iterator[Problem]:
    """Competitions without a folder: names that nothing has, and those that only splits list."""
    listed = {name for split in SPLITS for name in members(split)}
    for name in lacking:
        if name not in listed:
            yield Problem("competition", str(UnknownCompetition(name, (*all_ids(), *SPLITS))))
    if known := [name for name in lacking if name in listed]:
        what = f"{_of(known, 'is', 'are')} not in this version: {_names(known)}"
        yield Problem("competition", what, "--set 'competitions=[practice]'")


def _of_one_version(lacking: Sequence[str], having: Sequence[str], version: int) -> Iterator[Problem]:
    if lacking:
        what = f"{_of(lacking, 'has', 'have')} no data version {version}: nothing is changed there"
        fix = f"--set 'competitions=[{','.join(having)}]'" if having else "--set data_version=1"
        yield Problem("competition", f"{what}: {_names(lacking)}", fix)


def _prepare_command(names: Sequence[str], version: int, data_dir: Path) -> str:
    option = "" if version == 1 else f" --data-version {version}"
    return f"python -m benchmark prepare {' '.join(names)}{option} --data-dir {quote(str(data_dir))}"


def _unprepared(lacking: Sequence[Competition], command: str, more: str = "") -> Iterator[Problem]:
    if lacking:
        names = _names([competition.id for competition in lacking])
        yield Problem("data", f"{_of(lacking, 'is', 'are')} not prepared{more}: {names}", command)


def _outdated(wanted: Sequence[Competition], version: int, data_dir: Path) -> Iterator[Problem]:
    """Data that other facts or code have made than those by which they would be checked and graded.

    Under a sweep's copy of its code nothing is outdated: its cells name the content that they need.
    """
    if is_copy():
        return
    if stale := [competition.id for competition in wanted if outdated(competition, data_dir)]:
        what = f"{_of(stale, 'was', 'were')} prepared by other facts or other code than today's: "
        yield Problem("data", what + _names(stale), _prepare_command(stale, version, data_dir))


def _has_data(competition: Competition, data_dir: Path) -> bool:
    """Whether a competition can be run; practice data come with scikit-learn and are made at the start."""
    return competition.complexity == "practice" or is_prepared(competition, data_dir)


def is_prepared(competition: Competition, data_dir: Path) -> bool:
    """Whether its data are there."""
    try:
        prepared(competition, data_dir)
    except NotPrepared:
        return False
    return True


def _of(competitions: Sequence[object], one: str, several: str) -> str:
    """`1 competition is`, `2 competitions are`."""
    return f"{count(len(competitions), 'competition')} {one if len(competitions) == 1 else several}"


def _names(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_NAMED])
    return f"{shown} and {len(names) - _NAMED} more" if len(names) > _NAMED else shown
