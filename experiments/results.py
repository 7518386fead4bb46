"""One cell's result as a flat row: what it was, what it did, what it earned. Every table is made of these."""

from typing import Literal

from pydantic import BaseModel, ConfigDict


class Row(BaseModel):
    """One planned cell. Fields about the grade are false or None until it has one."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    cell: str
    """The cell's id, and the name of its run folder."""
    arm: str
    """Digest that cells share which differ only in competition and seed."""
    scaffold: str
    model: str
    competition: str
    complexity: str
    category: str
    data_version: int
    hardware: str
    time_limit: str
    variant: str
    seed: int

    state: Literal["done", "failed", "unfinished"]
    """Only cells that are done are counted; `failed` are those that the world failed."""
    reason: str = ""
    """Why it is not counted."""
    added: bool = False
    """Planned after the sweep had begun."""
    codes: tuple[str, ...] = ()
    """Digests of the code that it ran under: more than one where it went on under changed code."""
    backends: tuple[str, ...] = ()
    """Isolation in use."""
    final: str = "path"
    """The rule by which the graded submission was chosen."""
    final_from: Literal["", "path", "snapshot"] = ""
    """Where it came from; empty when there was none."""
    outcome: str = ""
    """`done`, `limit` or `agent`."""
    code: str = ""
    """How exactly it ended, e.g. `limit.time`."""

    score: float | None = None
    """The grader's score on the test set."""
    median: float | None = None
    """The leaderboard's median."""
    maximize: bool = True
    made_submission: bool = False
    valid_submission: bool = False
    above_median: bool = False
    bronze: bool = False
    silver: bool = False
    gold: bool = False
    any_medal: bool = False

    validation: float | None = None
    """The agent's own score of what it submitted."""
    nodes: int = 0
    """Scripts tried."""
    good: int = 0
    """Scripts that worked."""
    steps: int = 0
    model_calls: int = 0
    tokens: int = 0
    """Input and output tokens."""
    usd: float | None = None
    """Dollars; None when a price is unknown."""
    seconds: float = 0.0
    """Working time."""
    waited_s: float = 0.0
    """Time spent waiting for providers that is not working time."""
