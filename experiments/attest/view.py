"""The attestation as people read it. Everything from inside passes through `printable`."""

from rich.console import Console
from rich.table import Table
from rich.text import Text

from experiments.attest.engine import Attestation
from sandbox.text import printable

_OBSERVED = 400
_STYLES = {"held": "green", "breached": "bold red", "not tried": "yellow"}


def show(attestation: Attestation, console: Console) -> None:
    """Print the table and what it comes to."""
    table = Table(show_lines=False, pad_edge=False, box=None)
    for name in ("attack", "tries", "expected", "observed", "held"):
        table.add_column(name, overflow="fold")
    for row in attestation.rows:
        style = _STYLES[row.verdict]
        words = {"held": "yes", "breached": "no", "not tried": "not tried"}[row.verdict]
        table.add_row(
            _text(row.title),
            _text(row.tries),
            _text(row.expected),
            _text(row.observed),
            Text(words, style=style),
        )
    console.print(table)
    console.print(_text(_facts(attestation)))
    console.print(_text(_sum(attestation)))


def _text(words: str) -> Text:
    clean = " ".join(printable(words).split())
    return Text(clean if len(clean) <= _OBSERVED else clean[:_OBSERVED] + " …")


def _facts(attestation: Attestation) -> str:
    facts = ", ".join(f"{name} {value}" for name, value in attestation.facts.items())
    return f"Backend {attestation.backend}; {facts}."


def _sum(attestation: Attestation) -> str:
    rows = attestation.rows
    if attestation.held:
        return f"All {len(rows)} lines held."
    breached = [row.id for row in rows if row.verdict == "breached"]
    untried = [row.id for row in rows if row.verdict == "not tried"]
    parts = [f"{len(breached)} breached ({', '.join(breached)})"] if breached else []
    parts += [f"{len(untried)} not tried ({', '.join(untried)})"] if untried else []
    return f"Of {len(rows)} lines: {'; '.join(parts)}."
