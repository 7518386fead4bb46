"""What models can and cannot take: one table, read from top to bottom, the first line that fits counts.

It holds what a request would be refused for. A model that no line names takes everything, as most do.
Names are matched wherever they stand, so that `openrouter/openai/o3` is the model that `o3` is.
"""

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

from scaffolds.models.settings import Effort

Thinking = Literal["effort", "budget", "adaptive", "none"]

EFFORTS: tuple[Effort, ...] = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
"""From the least to the most."""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What one model takes."""

    temperature: bool = True
    """Whether it can be told a temperature and `top_p`; left out of the request where not."""
    system: Literal["system", "developer", "fold"] = "system"
    """The role of instructions; `fold` puts them at the head of the first user message."""
    tools: bool = True
    """Whether it calls functions; where not, tools go through the text protocol."""
    forced: bool = True
    """Whether it can be made to call a tool; where not, it is told that it may."""
    strict: bool = False
    """Whether it can be held to the schema of a tool."""
    thinking: Thinking = "none"
    """How it is told to reason: by an effort, by a budget of tokens, as it sees fit (`adaptive`), or not at
    all."""
    efforts: tuple[Effort, ...] | None = None
    """How much it can be told to reason; None where nobody knows, and it is told what is asked."""
    off: Literal["disabled", "between_tools"] | None = "disabled"
    """For `adaptive`: how its reasoning is turned off; None where it cannot be."""
    by_default: bool = False
    """For `adaptive`: whether it reasons where nobody says so."""
    reasons: bool = False
    """For the Responses API: whether it gives back sealed reasoning, and wants to see it again."""
    returned: bool = True
    """Whether reasoning that Chat Completions gives in the open is sent back; some refuse to see it again."""
    responses: bool = True
    """For OpenAI's own: whether it is served by the Responses API, and not by Chat Completions alone."""
    limit_field: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    """What Chat Completions calls the longest answer: OpenAI's reasoning models know the new name alone, most
    servers the old one alone."""
    max_tokens: int = 16_384
    """Longest answer, where the provider must be told and the request does not say: enough for any script,
    and short of what has to be streamed."""
    room: int = 128_000
    """The most tokens of one answer and what is thought before it, where the provider must be told."""
    stop: bool = True
    """Whether it can be told texts that end its answer."""
    seed: bool = True
    """Whether it can be told a seed, where its API knows one."""


_GPT = Capabilities(strict=True, efforts=())
_GPT_OLD = Capabilities(max_tokens=4_096, efforts=())
_REASONING = Capabilities(
    temperature=False,
    system="developer",
    strict=True,
    thinking="effort",
    reasons=True,
    limit_field="max_completion_tokens",
    stop=False,
    seed=False,
)
_O1_PREVIEW = Capabilities(
    temperature=False,
    system="fold",
    tools=False,
    efforts=(),
    returned=False,
    responses=False,
    limit_field="max_completion_tokens",
    stop=False,
    seed=False,
)
_CLAUDE = Capabilities(seed=False, efforts=())
_BUDGETED = replace(_CLAUDE, thinking="budget", efforts=EFFORTS[:6], room=64_000)
_ADAPTIVE = replace(_CLAUDE, thinking="adaptive", efforts=("none", *EFFORTS[2:]), temperature=False)
_BY_DEFAULT = replace(_ADAPTIVE, by_default=True)
_ALWAYS = replace(_BY_DEFAULT, off=None, efforts=EFFORTS[2:], forced=False)


def _reasoning(*efforts: Effort, tools: bool = True) -> Capabilities:
    return replace(_REASONING, efforts=efforts, tools=tools)


_B = r"(?<![a-z0-9])"  # a name begins here: `o1` is not in `gpt-4o1`
_END = r"(?![-.]\d(?!\d))"  # and here its version ends, if not in a date

# Efforts of OpenAI's are those of its own pages and of litellm's table.
_TABLE: tuple[tuple[re.Pattern[str], Capabilities], ...] = tuple(
    (re.compile(_B + pattern), capabilities)
    for pattern, capabilities in (
        # OpenAI. The first two models of the o series know neither instructions nor tools.
        (r"o1-(preview|mini)", _O1_PREVIEW),
        (r"gpt-5-chat-latest", _GPT),
        (r"gpt-5-chat", replace(_GPT, tools=False)),
        (r"gpt-5\.\d+-chat|chat-latest", _reasoning("medium")),
        (r"gpt-oss", Capabilities(thinking="effort", efforts=("low", "medium", "high"))),
        (r"o\d(-[a-z]+)?-deep-research", _reasoning("medium", tools=False)),
        (r"o[1-9](?![a-z0-9])", _reasoning("low", "medium", "high")),
        (r"gpt-5-pro", _reasoning("high")),
        (r"gpt-5(?![a-z0-9.])", _reasoning("minimal", "low", "medium", "high")),
        (r"gpt-5\.1(?![a-z0-9.])(?!-codex-max)", _reasoning("none", "low", "medium", "high")),
        (r"gpt-5\.\d+-pro", _reasoning("medium", "high", "xhigh")),
        (r"gpt-5\.\d", _reasoning("none", "low", "medium", "high", "xhigh")),
        (r"gpt-6(\.\d+)?-(astra|rosalind)|gpt-6\.1-sol", _reasoning("low", "medium", "high", "xhigh", "max")),
        (r"gpt-([6-9]|\d\d)(?![a-z0-9])", _reasoning("none", "low", "medium", "high", "xhigh", "max")),
        (r"gpt-4o-2024-05-13|gpt-4-|gpt-4(?![a-z0-9.])|gpt-3\.5", _GPT_OLD),
        (r"(gpt|chatgpt)-", _GPT),
        # Anthropic. Thinking and a call that is forced go together on no model.
        (r"claude-(2|instant)", replace(_CLAUDE, tools=False, max_tokens=4_096)),
        (r"claude-3-(opus|sonnet|haiku)", replace(_CLAUDE, max_tokens=4_096)),
        (r"claude-3[-.]5", replace(_CLAUDE, max_tokens=8_192)),
        (
            r"claude-(opus-4([-.][01](?!\d)|" + _END + r")|4-opus)",
            replace(_BUDGETED, efforts=EFFORTS[:5], room=32_000),
        ),
        (r"claude-3[-.]7|claude-(opus|sonnet|haiku)-4[-.][015](?!\d)|claude-4-sonnet", _BUDGETED),
        (r"claude-sonnet-4" + _END, _BUDGETED),
        (
            r"claude-(opus|sonnet)-4[-.]6",
            replace(_ADAPTIVE, efforts=("none", "low", "medium", "high", "max"), temperature=True),
        ),
        # From Opus 4.7 on, sampling parameters are refused.
        (r"claude-opus-4[-.]\d", _ADAPTIVE),
        (r"claude-((opus|sonnet)-5" + _END + r"|haiku-5)", _BY_DEFAULT),
        (r"claude-sonnet-5[-.]5", replace(_BY_DEFAULT, off="between_tools", forced=False)),
        # Opus 5.5, Mythos, Fable; and those that are newer than this table are told what all of them take.
        (r"claude-", _ALWAYS),
        # Others.
        (r"deepseek-(r1|reasoner)", Capabilities(temperature=False, tools=False, returned=False)),
    )
)


def nearest_effort(wanted: Effort | None, efforts: tuple[Effort, ...] | None) -> Effort | None:
    """The most of a model's efforts that is not above the one wanted, or else its least.

    None where none is wanted or the model has none; the one wanted where nobody knows them.
    """
    if wanted is None or efforts is None:
        return wanted
    ordered: list[Effort] = [effort for effort in EFFORTS if effort in efforts]
    below: list[Effort] = [effort for effort in ordered if EFFORTS.index(effort) <= EFFORTS.index(wanted)]
    return next(iter(below[-1:] or ordered), None)


@lru_cache
def capabilities(model: str) -> Capabilities:
    """What `model` takes, by its name."""
    name = model.lower()
    return next((found for pattern, found in _TABLE if pattern.search(name)), Capabilities())
