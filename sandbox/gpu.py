"""Graphics cards for sandboxes without a container runtime: the device files by which a program reaches them.

The driver's library lies below /usr, which every sandbox sees. A card whose device file is not there cannot
be opened, whatever its number or name; `CUDA_VISIBLE_DEVICES` alone hides cards only from who respects it.
"""

import re
from collections.abc import Sequence
from pathlib import Path

from sandbox.errors import SandboxUnavailable
from sandbox.machine import Machine

_CONTROL = ("nvidiactl", "nvidia-uvm")
"""What every program needs that computes on a card."""
_TOOLS = ("nvidia-uvm-tools", "nvidia-modeset")
"""What profilers and drawing need, where it is there."""
_SYSTEM = ("sys/bus", "sys/class", "sys/dev", "sys/devices")
"""Where libraries that use several cards (NCCL) look how these are wired."""
_UUID = re.compile(r"^GPU UUID:\s*(\S+)$", re.MULTILINE)
_MINOR = re.compile(r"^Device Minor:\s*([0-9]+)$", re.MULTILINE)
LOAD = "nvidia-modprobe -u -c=0"
"""Makes the device files."""


def bindings(cards: Sequence[str], machine: Path = Path("/")) -> list[str]:
    """Return bubblewrap's options that show these cards and no others.

    Args:
        cards: UUIDs.
        machine: where `/dev`, `/proc` and `/sys` of the machine are looked for.

    Raises:
        SandboxUnavailable: a card, or what all need, has no device file here.
    """
    if not cards:
        return []
    options: list[str] = []
    for name in device_names(cards, machine):
        options += ["--dev-bind", str(machine / "dev" / name), f"/dev/{name}"]
    for path in _SYSTEM:
        options += ["--ro-bind-try", str(machine / path), f"/{path}"]
    return options


def device_names(cards: Sequence[str], machine: Path = Path("/")) -> list[str]:
    """Return the names in `/dev` by which these cards are reached; raises like `bindings`."""
    folder = machine / "dev"
    needed = [*_CONTROL, *(f"nvidia{_minor(card, machine)}" for card in cards)]
    for name in needed:
        if not (folder / name).exists():
            raise SandboxUnavailable(
                f"the graphics card's device /dev/{name} is missing; make it with: {LOAD}"
            )
    return [*needed, *(name for name in _TOOLS if (folder / name).exists())]


def _minor(card: str, machine: Path) -> int:
    """The number of a card's device file, which need not be its place in any list."""
    for path in sorted((machine / "proc/driver/nvidia/gpus").glob("*/information")):
        text = path.read_text(errors="replace")
        uuid, minor = _UUID.search(text), _MINOR.search(text)
        if uuid and minor and uuid[1] == card:
            return int(minor[1])
    # A driver that has not woken up its cards names none of them there.
    for gpu in Machine.here().gpus:
        if gpu.uuid == card:
            return gpu.index
    raise SandboxUnavailable(f"this machine has no graphics card {card!r}; see: nvidia-smi -L")
