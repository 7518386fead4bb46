"""An attestation: stage, trials, verdicts."""

import datetime
import platform
import subprocess
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, NamedTuple

from experiments.attest.aftermath import aftermath
from experiments.attest.evidence import traces
from experiments.attest.judge import Row, judge
from experiments.attest.stage import Stage, set_stage
from experiments.attest.trial import Setting, Trial, keep_log, run_trial
from sandbox.backends import docker
from sandbox.spec import Isolation
from scaffolds.adversary.catalogue import ATTACKS, Attack, Group

_AT_ONCE = 2


class Place(NamedTuple):
    """Which of the trials: a group's own, or the one with other answers."""

    group: Group
    scrambled: bool


@dataclass(frozen=True, slots=True)
class Attestation:
    """What a backend has withstood, and on what machine."""

    backend: Isolation
    facts: Mapping[str, str]
    """Versions of everything that isolates, and the day."""
    rows: tuple[Row, ...]

    @property
    def held(self) -> bool:
        """Whether every attack was tried, and none got through."""
        return all(row.verdict == "held" for row in self.rows)

    def record(self) -> dict[str, Any]:
        """As JSON."""
        rows = [asdict(row) for row in self.rows]
        return {"backend": self.backend, "held": self.held, "facts": dict(self.facts), "attacks": rows}


def attest(
    setting: Setting,
    data_dir: Path,
    *,
    attacks: Sequence[Attack] = ATTACKS,
    keep: Path | None = None,
    abroad: bool = True,
    said: Callable[[str], None] = lambda words: None,
) -> Attestation:
    """Set the red team on a backend and judge what came of it.

    Args:
        setting: what is attacked.
        data_dir: prepared data; made where they are missing.
        attacks: which attacks to try.
        keep: a folder for the logs of the attacked runs.
        abroad: whether attacks may try to reach others than this host.
        said: told of the progress.
    """
    groups = _groups(attacks)
    with set_stage(data_dir, abroad=abroad) as stage:

        def tried(place: Place) -> Trial:
            ids = tuple(attack.id for attack in groups[place.group])
            if not place.scrambled:
                said(f"{place.group}: {', '.join(ids)}")
            return run_trial(stage, setting, ids, scrambled=place.scrambled)

        with ThreadPoolExecutor(_AT_ONCE) as pool:
            places = [Place(group, False) for group in groups]
            places += [Place(group, True) for group in groups if any(a.same_again for a in groups[group])]
            trials = dict(zip(places, pool.map(tried, places), strict=True))
        if keep is not None:
            for trial in trials.values():
                keep_log(trial, keep)
        rows = _rows(stage, groups, trials)
        rows += aftermath(stage, list(trials.values()))
    return Attestation(setting.backend, facts(setting), tuple(rows))


def _groups(attacks: Sequence[Attack]) -> dict[Group, list[Attack]]:
    groups: dict[Group, list[Attack]] = {}
    for attack in attacks:
        groups.setdefault(attack.group, []).append(attack)
    return groups


def _rows(
    stage: Stage,
    groups: Mapping[Group, Sequence[Attack]],
    trials: Mapping[Place, Trial],
) -> list[Row]:
    found = {place: traces(trial) for place, trial in trials.items()}
    rows: list[Row] = []
    for group, attacks in groups.items():
        twins = found.get(Place(group, True), {})
        for attack in attacks:
            twin = twins.get(attack.id) if attack.same_again else None
            rows.append(judge(attack, found[Place(group, False)][attack.id], stage, twin))
    return rows


def facts(setting: Setting) -> dict[str, str]:
    """What decides whether an attack gets through: kernel, isolation, image; and when it was tried."""
    found = {
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "kernel": f"{platform.system()} {platform.release()} {platform.machine()}",
        "package": _package(),
    }
    if setting.backend == "bwrap":
        found["bwrap"] = _first_line("bwrap", "--version")
    if setting.backend == "docker":
        found |= docker.facts(setting.image)
    return found


def _package() -> str:
    try:
        return f"mle-agents {version('mle-agents')}"
    except PackageNotFoundError:
        return "mle-agents (not installed)"


def _first_line(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip().partition("\n")[0]
