"""Settings of MLAB; the defaults are those of MLE-bench's run (arXiv 2410.07095, table 7)."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from scaffolds.mlab.reply import ACTION, ACTION_INPUT, FIELDS


class MlabConfig(BaseModel):
    """Settings of MLAB; the defaults are those of MLE-bench's run."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    steps: int = Field(2000, ge=1)
    """Steps of the session; a limit in the sweep's `time_limits`, a higher one too, goes before it."""
    max_retries: int = Field(10, ge=1)
    """Replies that may be unreadable in a row before the run ends."""
    free_parse_errors: bool = True
    """Whether a step whose arguments cannot be read takes none of the steps, up to `max_retries` in a row."""
    fields: tuple[str, ...] = FIELDS
    """The labelled fields of a reply, in order: all six, or some of them that end in the action's two."""
    steps_in_context: int = Field(3, ge=0)
    """Latest steps that a prompt shows; what is older lives in the plan alone."""
    observations_in_context: int = Field(3, ge=0)
    """Latest steps that are shown with what they brought; earlier ones show `<Done>`."""
    temperature: float | None = Field(1.0, ge=0)
    """Sampling temperature of the role `main`; null leaves it to the provider."""
    max_tokens: int = Field(16_384, ge=1)
    """Longest reply of the role `main`."""
    edit_temperature: float | None = Field(0.2, ge=0)
    """Sampling temperature of the role `edit`, which rewrites scripts."""
    edit_max_tokens: int = Field(4_000, ge=1)
    """Longest reply of the role `edit`: a script that needs more has to be edited by segments."""
    fast_temperature: float | None = Field(0.01, ge=0)
    """Sampling temperature of the role `fast`, which reads files and long observations."""
    fast_max_tokens: int = Field(500, ge=1)
    """Longest reply of the role `fast`."""
    observations: Literal["llm_digest", "truncate"] = "llm_digest"
    """What becomes of a long observation: the role `fast` sums it up, or its beginning and end are shown."""
    observation_chars: int = Field(5_000, ge=200)
    """Characters above which an observation is long."""
    block_chars: int = Field(10_000, ge=200)
    """Characters that the role `fast` reads at a time."""
    digest_blocks: int = Field(100, ge=1)
    """Blocks of a long observation that are read; the rest is left out, and that is said."""
    understand_blocks: int = Field(10, ge=1)
    """Blocks of a file that Understand File reads."""
    list_chars: int = Field(10_000, ge=100)
    """Characters that List Files shows."""
    inspect_lines: int = Field(100, ge=1)
    """How many lines after the first the last may be that Inspect Script Lines shows."""
    exec_timeout_s: float = Field(32_400.0, gt=0)
    """Seconds after which a script is stopped, as for AIDE; the original had no limit."""
    retrieval: bool = False
    """Whether each step is summed up in a research log, whose digest is shown once steps leave the prompt."""
    log_chars: int = Field(40_000, ge=1_000)
    """Latest characters of the research log that the role `fast` reads."""

    @field_validator("fields")
    @classmethod
    def _in_order(cls, fields: tuple[str, ...]) -> tuple[str, ...]:
        if fields != tuple(name for name in FIELDS if name in fields) or fields[-2:] != (
            ACTION,
            ACTION_INPUT,
        ):
            raise ValueError(f"fields must be some of {list(FIELDS)}, in this order, the last two included")
        return fields
