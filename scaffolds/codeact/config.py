"""Settings of CodeAct. Presets beside this file give them other values."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from scaffolds.codeact.condensers import CondenserConfig
from scaffolds.tools import SANDBOX_TOOLS

TOOLS = (
    "shell",
    "shell_poll",
    "python",
    "edit_file",
    "write_file",
    "read_file",
    "list_files",
    "validate_submission",
    "think",
    "finish",
)


class CodeActConfig(BaseModel):
    """Settings of CodeAct.

    Steps, temperature and the longest call are those of MLE-bench's run (arXiv 2410.07095, table 7); long
    conversations are treated as later versions of OpenHands do. `presets/parity.yaml` is the original's way.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    steps: int = Field(default=500, ge=1)
    """Answers that the model may give; a limit in the sweep's `time_limits` goes before it."""
    condenser: CondenserConfig = CondenserConfig()
    """How a long conversation is made shorter."""
    call_timeout_s: float = Field(default=86_400.0, gt=0)
    """Seconds after which any call is stopped (24 h in the paper's harness); one that names no timeout is
    stopped after 600."""
    observation_chars: int = Field(default=30_000, ge=200)
    """Characters of a result that the model sees: the first and the last half of them. What commands, cells
    and scripts print is cut before, to 8 KB from both ends of each stream."""
    reminder: Literal["kept", "volatile"] = "kept"
    """Where the model is told what is left: `kept` is behind the results of every answer, for good;
    `volatile` at the end of the next request alone, as in the original, so that no request begins with all
    of the one before it."""
    tools: tuple[str, ...] = TOOLS
    """The tools that the model is offered, in this order."""
    check_finish: bool = True
    """Whether the first try to end the work without a submission is answered by a question."""
    temperature: float | None = Field(default=0.0, ge=0, le=2)
    """Sampling temperature; null leaves it to the provider."""

    @field_validator("tools")
    @classmethod
    def _known(cls, tools: tuple[str, ...]) -> tuple[str, ...]:
        if unknown := [name for name in tools if name not in SANDBOX_TOOLS]:
            raise ValueError(f"there is no tool {unknown[0]!r}; there are: {', '.join(SANDBOX_TOOLS)}")
        return tools
