"""Settings of AIDE. Presets beside this file, `presets/paper.yaml` and others, give them other values."""

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

SelectorName = Literal["best_val", "mean_minus_se", "one_se_earliest", "reseed_top_k", "top_k_vote"]


class AideConfig(BaseModel):
    """Settings of AIDE; the defaults are the paper's (table 7) where nothing speaks against them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    steps: int = Field(500, ge=1)
    """Scripts to try; a limit in the sweep's `time_limits` goes before it."""
    num_drafts: int = Field(5, ge=1)
    """Solutions written from scratch before anything is improved."""
    debug_prob: float = Field(1.0, ge=0, le=1)
    """Probability that a failed script is repaired before anything is improved."""
    max_debug_depth: int = Field(20, ge=0)
    """Repairs in a row before a failed script is given up."""
    debug_sample_rows: int | None = Field(None, ge=1)
    """Rows of the training table on which a repair is tried first; null runs it on all of them at once."""
    exec_timeout_s: float = Field(32_400.0, gt=0)
    """Seconds after which a script is stopped (9 h in the paper)."""
    folds: int = Field(5, ge=1)
    """Folds of cross-validation that the prompt asks for; 1 for none."""
    memory: Literal["none", "bounded", "all"] = "bounded"
    """Which earlier scripts a prompt mentions."""
    prompts: Literal["full", "original"] = "full"
    """`original` leaves out what the original's prompts do not show: the output and score of a script to be
    improved, what the reviewer found in one to be repaired, and repairs made before; and remembers
    plans and findings at any length."""
    packages: tuple[str, ...] = (
        "numpy",
        "pandas",
        "scikit-learn",
        "statsmodels",
        "xgboost",
        "lightGBM",
        "torch",
        "torchvision",
        "torch-geometric",
        "bayesian-optimization",
        "timm",
    )
    """Packages that a draft is told of, as probably there, in a new order each time; the original's."""
    data_preview: bool = True
    """Whether prompts show the files and columns of the data."""
    temperature: float | None = 0.5
    """Sampling temperature of both models; null leaves it to the provider."""
    workers: int = Field(1, ge=1, le=64)
    """Scripts at work at the same time, each in a sandbox with an equal part of the machine."""
    selector: SelectorName = "best_val"
    """What is submitted at the end: see docs/aide.md."""
    select_k: int = Field(3, ge=2)
    """How many of the best nodes `reseed_top_k` and `top_k_vote` look at."""
    select_seeds: int = Field(2, ge=1)
    """How often `reseed_top_k` runs each of them again."""
    reserve: float | None = Field(None, ge=0, le=0.5)
    """Share of the time that only the selector may spend; null for what it needs as a rule: 10 % to run
    scripts again, 2 % to merge, else 1 %; at least a minute, but not for that more than 10 %."""
    parity: bool = False
    """Reproduce the defects of the original: see docs/aide.md."""

    @model_validator(mode="after")
    def _parity_is_sequential(self) -> Self:
        if self.parity and (self.workers > 1 or self.selector != "best_val" or self.debug_sample_rows):
            raise ValueError(
                "the original has one worker, the selector best_val and no debug_sample_rows; "
                "parity goes with nothing else"
            )
        return self
