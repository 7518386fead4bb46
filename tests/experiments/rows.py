"""Rows as sweeps make them, for the tests of tables."""

from typing import Any

from experiments.results import Row

BLANK = Row(
    cell="aide_m_c0_s0_00000000",
    arm="aaaaaaaa",
    scaffold="aide",
    model="openai/gpt-4o",
    competition="c0",
    complexity="low",
    category="Tabular",
    data_version=1,
    hardware="host",
    time_limit="24h",
    variant="base",
    seed=0,
    state="done",
    final_from="path",
    backends=("bwrap",),
    codes=("c0de",),
    median=0.5,
    usd=0.0,
)


def row(medal: str = "", **changes: Any) -> Row:  # noqa: ANN401 - fields of a row
    """A cell that is done and submitted a valid file, unless `changes` say otherwise."""
    earned: dict[str, Any] = {"made_submission": True, "valid_submission": True, "score": 0.4}
    if medal:
        earned |= {medal: True, "any_medal": True, "above_median": True, "score": 0.9}
    facts = {**earned, **changes}
    facts.setdefault(
        "cell", "_".join(str(facts.get(k, getattr(BLANK, k))) for k in ("arm", "competition", "seed"))
    )
    return Row.model_validate(BLANK.model_dump() | facts)


def failed(reason: str = "the provider is down", **changes: Any) -> Row:  # noqa: ANN401 - fields of a row
    """A cell that the world failed."""
    nothing: dict[str, Any] = {
        "made_submission": False,
        "valid_submission": False,
        "score": None,
        "final_from": "",
    }
    facts: dict[str, Any] = {"state": "failed", "reason": reason, "backends": (), **nothing, **changes}
    return row(**facts)
