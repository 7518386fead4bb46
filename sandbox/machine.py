"""What this machine has, and what it can give of a hardware profile."""

import math
import os
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import NamedTuple, Self

import psutil

from sandbox.hardware import Hardware
from sandbox.portion import Card, Portion
from sandbox.text import printable

_QUERY = ("--query-gpu=index,uuid,name,memory.total", "--format=csv,noheader,nounits")
_CARD = re.compile("([0-9]{1,4}), *([A-Za-z0-9-]+), *(.+), *([^,]+)")
_QUERY_S = 20.0
"""Eight cards without the persistence daemon need about ten seconds to wake up."""
_SOLD_MEMORY = 0.95
"""Firmware and kernel keep a part of what a machine is sold with: 440 GB show as some 433."""
_SOLD_CARD = 0.92
"""The same for a card: error correction takes a sixteenth, so that an A10 of 24 GB shows 22.5."""
_SIZED = re.compile("(.*[^ ]) +([0-9]{1,4}) ?GB", re.IGNORECASE)
"""A kind with the memory that its cards have at least: `A10 24GB`."""
_PART = re.compile("-([0-9]{1,4})[ABCQ]$")
"""What a virtual machine was given of a card, in GB: `NVIDIA A10-4Q`."""
_AGENTS_MEMORY = 0.97
"""What agents may use of it all together: the rest keeps the machine and the sweep alive."""


@dataclass(frozen=True, slots=True)
class Gpu:
    """A graphics card."""

    index: int
    """Its number on this machine; it may change at a restart."""
    uuid: str
    """What it is called everywhere and for good; CUDA_VISIBLE_DEVICES takes it."""
    name: str
    """As its driver says: `NVIDIA A10`."""
    memory_gb: float | None
    """Its memory, in GiB; None where the driver does not say (cards that share the machine's)."""

    def is_kind(self, kind: str | None) -> bool:
        """Whether `kind` is a whole word of its name, and it has the memory that `kind` asks for.

        None is every card's kind. A part of a card bears the whole one's name, and has less memory.
        """
        least = _least_gb(kind)
        return is_kind(self.name, kind) and (least == 0 or (self.memory_gb or 0) >= least * _SOLD_CARD)


def is_kind(name: str, kind: str | None) -> bool:
    """Whether a card of this name may be of a kind; its memory is known only where the name says it."""
    if kind is None:
        return True
    sized, part = _SIZED.fullmatch(kind), _PART.search(name)
    word = rf"(?<![a-z0-9]){re.escape(sized[1] if sized else kind)}(?![a-z0-9])"
    small = part is not None and int(part[1]) < _least_gb(kind)
    return re.search(word, name, re.IGNORECASE) is not None and not small


def _least_gb(kind: str | None) -> int:
    sized = _SIZED.fullmatch(kind or "")
    return int(sized[2]) if sized else 0


class Share(NamedTuple):
    """What one run gets of a machine."""

    cores: float
    memory_gb: float
    """In GiB."""
    gpus: int


class Bounds(NamedTuple):
    """The limits of the control groups that this process is in; None where there is none."""

    cores: float | None
    memory_gb: float | None
    """In GiB."""


@dataclass(frozen=True, slots=True)
class Machine:
    """Cores, memory and GPUs that this process may use."""

    cores: int
    """Processor cores."""
    memory_gb: float
    """Memory, in GiB."""
    gpus: tuple[Gpu, ...] = ()
    """Graphics cards, by index."""
    gpu_fault: str = ""
    """Why `nvidia-smi` could not name any, where it is installed and failed."""

    @classmethod
    def here(cls) -> Self:
        """This machine, less what the process's affinity and control groups withhold."""
        bounds = cgroup_bounds()
        cores = min(len(os.sched_getaffinity(0)), bounds.cores or math.inf)
        memory_gb = min(psutil.virtual_memory().total / 2**30, bounds.memory_gb or math.inf)
        gpus, fault = _gpus()
        return cls(max(1, math.floor(cores)), memory_gb, gpus, fault)

    def cards(self, kind: str | None = None) -> tuple[Gpu, ...]:
        """Its cards of a kind, by index."""
        return tuple(gpu for gpu in self.gpus if gpu.is_kind(kind))

    def lacks(self, hardware: Hardware) -> list[str]:
        """What this machine cannot give of a profile: what is asked for, and what is here."""
        missing: list[str] = []
        if (hardware.cores or 0) > self.cores:
            missing.append(f"{_plural(hardware.cores or 0, 'core')}; here: {self.cores}")
        if not self._remembers(hardware.memory_gb or 0):
            missing.append(f"{hardware.memory_gb:g} GB of memory; here: {self.memory_gb:.0f} GB")
        if hardware.gpus != "all" and hardware.gpus > len(self.cards(hardware.gpu)):
            kind = f" of kind {hardware.gpu!r}" if hardware.gpu else ""
            missing.append(f"{_plural(hardware.gpus, 'GPU')}{kind}; here: {self._cards_here()}")
        return missing

    def share(self, hardware: Hardware, parallel: int = 1) -> Share:
        """What each of `parallel` runs gets: the profile's figures, equal parts where it has none.

        Where there is a GPU at all, `all` is at least one.
        """
        cards = len(self.cards(hardware.gpu))
        asked = hardware.memory_gb or self.memory_gb / parallel
        return Share(
            cores=hardware.cores or self.cores / parallel,
            memory_gb=min(asked, self.memory_gb) if self._remembers(asked) else asked,
            gpus=hardware.gpus if hardware.gpus != "all" else max(min(cards, 1), cards // parallel),
        )

    def memory_limit_gb(self, hardware: Hardware, parallel: int = 1) -> float:
        """What each of `parallel` runs is held to: the profile's figure, and never all that is here."""
        most = self.memory_gb * _AGENTS_MEMORY
        return min(hardware.memory_gb or most / parallel, most)

    def words(self, hardware: Hardware, parallel: int = 1) -> str:
        """What an agent is told about its share, under a profile that this machine can give."""
        return self.portion(hardware, parallel).words()

    def portion(self, hardware: Hardware, parallel: int = 1) -> Portion:
        """The share itself, as the agent is told of it."""
        share = self.share(hardware, parallel)
        cards = self.cards(hardware.gpu)[: share.gpus]
        return Portion(
            cores=share.cores,
            memory_gb=hardware.memory_gb or share.memory_gb,
            cards=tuple(Card(name=card.name, memory_gb=card.memory_gb) for card in cards),
        )

    def _remembers(self, memory_gb: float) -> bool:
        return memory_gb * _SOLD_MEMORY <= self.memory_gb

    def _cards_here(self) -> str:
        if not self.gpus:
            return f"none ({self.gpu_fault})" if self.gpu_fault else "none"
        return ", ".join(f"{count} {name}" for name, count in Counter(g.name for g in self.gpus).items())


def cgroup_bounds(root: Path = Path("/")) -> Bounds:
    """The narrowest limits among this process's control groups and those above them, version 1 and 2.

    Args:
        root: where `/proc` and the mounted groups are looked for.
    """
    folders = {name: list(group_folders(root, name)) for name in ("cpu", "memory")}
    cores = [_cpu_quota(folder) for folder in folders["cpu"]]
    sizes = [
        _number(folder, f) for folder in folders["memory"] for f in ("memory.max", "memory.limit_in_bytes")
    ]
    memory = min((size for size in sizes if size is not None), default=None)
    return Bounds(
        cores=min((quota for quota in cores if quota is not None), default=None),
        memory_gb=None if memory is None else memory / 2**30,
    )


def group_folders(root: Path, controller: str) -> Iterator[Path]:
    """The folders of this process's control groups for a controller, each followed by those above it."""
    own = _own_groups(root)
    for line in _lines(root / "proc/self/mountinfo"):
        mount, _, rest = line.partition(" - ")
        kind, _, options = rest.partition(" ")
        if kind == "cgroup" and controller in options.rpartition(" ")[2].split(","):
            group = own.get(controller)
        elif kind == "cgroup2":
            group = own.get("")
        else:
            continue
        top, point = mount.split()[3:5]
        folder = PurePosixPath(point.lstrip("/"), _below(group or top, top))
        depth = len(folder.parts) - len(PurePosixPath(point.lstrip("/")).parts)
        yield from (root / part for part in (folder, *folder.parents)[: depth + 1])


def _own_groups(root: Path) -> dict[str, str]:
    """Path of the process's group by controller; version 2 is the controller without a name."""
    groups: dict[str, str] = {}
    for line in _lines(root / "proc/self/cgroup"):
        _, names, path = line.split(":", 2)
        groups.update(dict.fromkeys(names.split(","), path))
    return groups


def _below(group: str, top: str) -> PurePosixPath:
    """A group's place below the mounted one; the mounted one itself where it lies outside of it."""
    path = PurePosixPath(group)
    inside = path.is_relative_to(top) and ".." not in path.parts
    return path.relative_to(top) if inside else PurePosixPath()


def _cpu_quota(folder: Path) -> float | None:
    """Processor time per time: cores."""
    words = " ".join(_lines(folder / "cpu.max")).split()
    if len(words) == 2 and words[0].isdecimal():
        return int(words[0]) / int(words[1])
    quota, period = _number(folder, "cpu.cfs_quota_us"), _number(folder, "cpu.cfs_period_us")
    return quota / period if quota and period else None


def _number(folder: Path, name: str) -> int | None:
    """A limit's value; None where the file is missing or says `max` or -1."""
    text = "".join(_lines(folder / name))
    return int(text) if text.isdecimal() else None


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(errors="replace").splitlines()
    except OSError:
        return []


def _gpus() -> tuple[tuple[Gpu, ...], str]:
    """The cards that `nvidia-smi` names, and why it could not."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return (), ""
    try:
        done = subprocess.run(
            [program, *_QUERY],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_QUERY_S,
            encoding="utf-8",
            errors="replace",
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return (), f"nvidia-smi: {error}"
    if done.returncode:
        words = " ".join(printable(done.stderr or done.stdout).split())
        return (), f"nvidia-smi: {words[:200] or f'exit status {done.returncode}'}"
    found = {gpu.uuid: gpu for line in done.stdout.splitlines() if (gpu := _gpu(line))}
    return tuple(sorted(found.values(), key=lambda gpu: gpu.index)), ""


def _gpu(line: str) -> Gpu | None:
    """A card as `nvidia-smi` lists it; None for any other line."""
    match = _CARD.fullmatch(line.strip())
    if match is None:
        return None
    index, uuid, name, mib = match.groups()
    # Cards without memory of their own say [N/A].
    memory_gb = int(mib) / 1024 if re.fullmatch("[0-9]{1,12}", mib) else None
    return Gpu(int(index), uuid, printable(name), memory_gb)


def _plural(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
