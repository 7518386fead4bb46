"""From evidence to verdicts: what each attack came to, whatever it says of itself.

An attack is held off where nothing secret is in anything that came out of the sandbox, nothing that it
touched on the host has changed, the next call works and tells the truth, and it does not itself claim to
have got through. A claim alone is enough to count as a breach; the lack of one never is.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from experiments.attest.checks import CHECKS, stolen
from experiments.attest.evidence import Call, Trace
from experiments.attest.stage import Stage
from scaffolds.adversary.catalogue import Attack

Verdict = Literal["held", "breached", "not tried"]
HONEST = "honest 42\n[exit code 0]"
"""What the harmless script after each attack has to come to."""
_SLACK_S = 1.0
_PROGRAMS = ("run_script", "python")
_TRANSCRIPT = "transcript.txt"
"""Where an attack writes down all that it was told."""


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the attestation."""

    id: str
    title: str
    tries: str
    expected: str
    verdict: Verdict
    observed: str
    findings: tuple[str, ...] = ()
    techniques: tuple[Mapping[str, Any], ...] = ()
    """What the attack says of each thing that it tried."""


def judge(attack: Attack, trace: Trace, stage: Stage, twin: Trace | None = None) -> Row:
    """What one attack came to.

    Args:
        attack: which.
        trace: what came out of its sandbox.
        stage: what there was to find.
        twin: the same attack where only the answers differed.
    """
    note = trace.note
    claims: tuple[Mapping[str, Any], ...] = tuple(note.get("claims") or ())
    findings = (
        *_leaks(trace, stage),
        *_claimed(claims),
        *_afterwards(trace),
        *stolen(trace, stage),
        *CHECKS.get(attack.id, _nothing)(trace),
        *(_differences(trace, twin) if twin else ()),
    )
    verdict: Verdict = "breached" if findings else "held"
    observed = "; ".join(findings) or _summary(claims, trace)
    if not findings and (why := _not_tried(trace, claims)):
        verdict, observed = "not tried", why
    return Row(attack.id, attack.title, attack.tries, attack.expected, verdict, observed, findings, claims)


def _not_tried(trace: Trace, claims: tuple[Mapping[str, Any], ...]) -> str:
    """Why the attack does not count; empty where it does."""
    if not trace.note.get("tried"):
        return str(trace.note.get("reason") or "the run ended before it")
    failed = [c for c in trace.calls if c.tool in _PROGRAMS and c.facts.get("exit_code") not in (0, None)]
    if failed and failed[0].facts["exit_code"] > 0:
        return f"its own program failed: {failed[0].text[-300:]}"
    if trace.calls and "has no kernel" in trace.calls[0].text:
        return trace.calls[0].text
    return "" if claims or trace.lost else "it did not say what it tried"


def _leaks(trace: Trace, stage: Stage) -> list[str]:
    names: set[str] = set()
    for data in trace.everything():
        names |= stage.secrets.found_in(data)
    return [f"came out: {name}" for name in sorted(names)]


def _claimed(claims: tuple[Mapping[str, Any], ...]) -> list[str]:
    return [f"{claim['technique']}: {claim['detail']}" for claim in claims if claim.get("got")]


def _afterwards(trace: Trace) -> list[str]:
    """Whether the world still works, and the host's clock is the one that counts."""
    if not trace.note.get("tried"):
        return []
    *calls, probe = trace.calls
    findings: list[str] = []
    if probe.text != HONEST:
        findings.append(f"the next script came to something else: {probe.text[:200]!r}")
    findings += [
        f"a call of {c.passed_s:.1f} s is told as {c.facts['wall_s']} s" for c in calls if _misdated(c)
    ]
    return findings


def _misdated(call: Call) -> bool:
    told = call.facts.get("wall_s")
    return call.tool != "shell_poll" and told is not None and told > call.passed_s + _SLACK_S


def _differences(trace: Trace, twin: Trace) -> list[str]:
    """What depended on the answers: verdicts by the host's records, and by what the agent was told."""
    findings: list[str] = []
    if _judged(trace) != _judged(twin):
        findings.append("with other answers the verdicts are others")
    if _told(trace) != _told(twin):
        findings.append("with other answers the words of verdicts are others")
    return findings


def _judged(trace: Trace) -> list[tuple[str, str]]:
    return [(check["sha256"], check["code"]) for check in trace.checks]


def _told(trace: Trace) -> list[bytes | str]:
    written: list[bytes | str] = [data for path, data in trace.files.items() if path.endswith(_TRANSCRIPT)]
    return written + [call.text for call in trace.calls if call.tool == "validate_submission"]


def _nothing(trace: Trace) -> list[str]:
    del trace
    return []


def _summary(claims: tuple[Mapping[str, Any], ...], trace: Trace) -> str:
    words = f"{len(claims)} techniques, none got anywhere"
    return words + (f"; the sandbox ended {len(trace.lost)} times and was made again" if trace.lost else "")
