"""`python -m sandbox check`: what this machine can do, found out by doing it."""

import json
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, get_args

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from sandbox.commands.data import make_data
from sandbox.errors import SandboxError
from sandbox.limits import enforcement
from sandbox.machine import Machine
from sandbox.open import open_sandbox
from sandbox.protocols import SYSTEM_CALLS, Sandbox
from sandbox.spec import IMAGE, Isolation, SandboxSpec
from sandbox.text import agent_view, printable

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)

_STEP_S = 120.0
_NO_CARDS = "none: nvidia-smi is not installed; it comes with NVIDIA's driver"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was tried or looked up."""

    what: str
    ok: bool | None
    """None for a fact that is neither good nor bad."""
    words: str
    """What was found; how to get it, where it is missing."""


@app.command()
def check(
    image: Annotated[str, typer.Option(help="The Docker image.")] = IMAGE,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Open a sandbox of every kind and say what works here, what does not, and how to get it.

    Ends with status 0 if agents can be isolated here, by Docker or bubblewrap.
    """
    findings = [*_machine(), *(found for kind in get_args(Isolation) for found in _backend(kind, image))]
    isolated = any(found.ok for found in findings if found.what in ("docker", "bwrap"))
    if as_json:
        typer.echo(json.dumps({"isolated": isolated, "findings": [asdict(found) for found in findings]}))
    else:
        _show(findings, isolated)
    sys.exit(0 if isolated else 1)


def _machine() -> Iterator[Finding]:
    here = Machine.here()
    free = shutil.disk_usage(tempfile.gettempdir()).free / 2**30
    yield Finding(
        "machine", None, f"{here.cores} cores, {here.memory_gb:.0f} GB of memory, {free:.0f} GB of disk free"
    )
    cards = ", ".join(f"{count} x {name}" for name, count in Counter(card.name for card in here.gpus).items())
    yield Finding("graphics cards", None, cards or here.gpu_fault or _NO_CARDS)


def _backend(kind: Isolation, image: str) -> Iterator[Finding]:
    with tempfile.TemporaryDirectory(prefix="check-") as folder:
        data = make_data(Path(folder) / "data")
        spec = SandboxSpec(backend=kind, image=image, root=Path(folder) / "box", data=data, owner="check")
        try:
            with closing(open_sandbox(spec)) as box:
                facts = ", ".join(f"{name} {value}" for name, value in box.facts.items())
                words = "works" if kind != "none" else "works and isolates nothing: for our offline models"
                yield Finding(kind, True, ": ".join(filter(None, (words, facts))))
                cell = box.python("print(6 * 7)", timeout=_STEP_S)
                said = agent_view(cell.stdout).strip()
                yield Finding(f"{kind}: kernel", said == "42", "works" if said == "42" else said)
                if kind != "none":
                    yield _filtered(kind, box)
        except SandboxError as error:
            yield Finding(kind, False, str(error))
            return
    if kind == "docker" and Machine.here().gpus:
        from sandbox.backends.docker import cards_fault  # its package takes long to import

        fault = cards_fault()
        yield Finding(f"{kind}: graphics cards", fault is None, fault or "given to containers")
    held = enforcement(kind)
    yield Finding(f"{kind}: limits", None, f"memory: {held.memory}; cores: {held.cores}; disk: {held.disk}")


def _filtered(kind: Isolation, box: Sandbox) -> Finding:
    """Whether the kernel refuses what no agent needs; without, namespaces and rights isolate still."""
    works = SYSTEM_CALLS not in box.facts
    words = (
        "filtered" if works else "not filtered: this kernel or kind of processor has no filter that we know"
    )
    return Finding(f"{kind}: system calls", works, words)


def _show(findings: list[Finding], isolated: bool) -> None:
    table = Table(box=None, show_header=False, pad_edge=False)
    for overflow in ("ellipsis", "ellipsis", "fold"):  # a digest is longer than a line, and is copied
        table.add_column(overflow=overflow)
    for found in findings:
        mark = {True: ("yes", "green"), False: ("no", "red"), None: ("", "")}[found.ok]
        table.add_row(found.what, Text(*mark), Text(printable(found.words)))
    console = Console(highlight=False)
    console.print(table)
    if isolated:
        console.print("\nAgents can be isolated here.")
    else:
        console.print("\nAgents cannot be isolated here: only our own offline models may run.", style="red")
