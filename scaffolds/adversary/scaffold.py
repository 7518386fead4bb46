"""The red team: one attack after the other on what keeps an agent in its place.

It is an ordinary scaffold that asks no model. What it says of its own success is worth little: in
`experiments.attest` the host judges, from evidence that no attack can touch. An attack is given all that
a well-informed enemy could know (`hints`): where things lie on the host and who listens there; only what
is secret it has to find.
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from scaffolds.adversary.catalogue import ATTACKS, Attack, Move, chosen
from scaffolds.messages import JsonValue
from scaffolds.run import Outcome, Run
from scaffolds.tools import ToolResult

CLAIM = "@@ "
"""Begins the lines in which an attack's program says what it tried, as JSON."""
ISOLATED_HOST = "sandbox"
"""The name of every isolated sandbox's machine."""
_PROGRAMS = Path(__file__).parent / "attacks"
_PROBE_S = 60.0


class AdversaryConfig(BaseModel):
    """Settings of the red team."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    attacks: tuple[str, ...] = ()
    """Ids of the attacks to try, in this order; none for all."""
    hints: Mapping[str, Any] = Field(default_factory=dict[str, Any])
    """What the enemy knows of the host; see `docs/attestation.md`."""
    unisolated: bool = False
    """Whether to attack where nothing isolates: only what `hints` names is touched then."""


class Adversary:
    """Runs each attack and, after it, a harmless script that has to work as if nothing had been."""

    name = "adversary"
    version = "1"
    Config = AdversaryConfig

    def __init__(self, config: AdversaryConfig) -> None:
        self._config = config
        self._attacks = chosen(config.attacks) if config.attacks else ATTACKS

    def run(self, run: Run) -> Outcome:
        """See `Scaffold.run`."""
        isolated = _isolated(run)
        if not isolated and not self._config.unisolated:
            return Outcome("nothing tried: there is no isolation to attack")
        tried = 0
        for attack in self._attacks:
            run.budget.take_step()
            if reason := self._reason_against(attack, run, isolated):
                run.note("adversary.attack", id=attack.id, tried=False, reason=reason)
                continue
            self._attack(run, attack)
            tried += 1
        return Outcome(f"{tried} of {len(self._attacks)} attacks tried")

    def _reason_against(self, attack: Attack, run: Run, isolated: bool) -> str:
        if attack.needs_isolation and not isolated:
            return "too dangerous without isolation"
        missing = sorted({move.tool for move in attack.moves} - set(run.tools))
        return f"the run has no tool {missing[0]!r}" if missing else ""

    def _attack(self, run: Run, attack: Attack) -> None:
        claims: list[JsonValue] = []
        for number, move in enumerate(attack.moves, 1):
            result = self._move(run, attack, move, number)
            claims += claims_in(result.text)
        probe = _probe(run)
        run.note("adversary.attack", id=attack.id, tried=True, claims=claims, works=probe.ok)

    def _move(self, run: Run, attack: Attack, move: Move, number: int) -> ToolResult:
        arguments: dict[str, JsonValue] = dict(move.arguments)
        if move.program:
            arguments |= self._program(attack, move)
        if move.tool == "run_script" and "path" not in arguments:
            arguments |= {"dir": f"attacks/{attack.id}-{number}", "env": {"ATTACK": self._knowledge(attack)}}
        if move.timeout_s:
            arguments["timeout"] = move.timeout_s
        return run.call(move.tool, **arguments)

    def _program(self, attack: Attack, move: Move) -> dict[str, JsonValue]:
        text = (_PROGRAMS / move.program).read_text(encoding="utf-8")
        if move.tool == "shell":
            return {"command": text}
        toolkit = (_PROGRAMS / "toolkit.py").read_text(encoding="utf-8")
        known = f"KNOWLEDGE = {self._knowledge(attack)!r}\n" if move.tool == "python" else ""
        return {"code": f"{known}{toolkit}\n{text}"}

    def _knowledge(self, attack: Attack) -> str:
        return json.dumps({**self._config.hints, "attack": attack.id})


def claims_in(text: str) -> list[JsonValue]:
    """What an attack's output says was tried."""
    return list(_claims(line.removeprefix(CLAIM) for line in text.splitlines() if line.startswith(CLAIM)))


def _claims(lines: Iterable[str]) -> Iterable[JsonValue]:
    for line in lines:
        try:
            yield json.loads(line)
        except ValueError:
            yield {"technique": "?", "got": False, "detail": "an unreadable claim"}


def _isolated(run: Run) -> bool:
    return run.call("shell", command="hostname").text.splitlines()[:1] == [ISOLATED_HOST]


def _probe(run: Run) -> ToolResult:
    """A harmless script, in a process of its own: whatever was done before, it prints what it says."""
    code = "print('hon' + 'est', 6 * 7)"
    return run.call("run_script", code=code, dir="attacks/probe", timeout=_PROBE_S)
