"""What models can and cannot take: one table, read from top to bottom, the first line that fits counts.

It holds what a request would be refused for. A model that no line names takes everything, as most do.
Names are matched wherever they stand, so that `openrouter/openai/o3` is the model that `o3` is.
"""

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

Thinking = Literal["effort", "budget", "adaptive", "always", "none"]


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What one model takes."""

    temperature: bool = True
    """Whether it can be told a temperature and `top_p`; left out of the request where not."""
    system: Literal["system", "developer", "fold"] = "system"
    """The role of instructions; `fold` puts them at the head of the first user message."""
    tools: bool = True
    """Whether it calls functions; where not, tools go through the text protocol."""
    strict: bool = False
    """Whether it can be held to the schema of a tool."""
    thinking: Thinking = "none"
    """How it is told to reason: by an effort, by a budget of tokens, as it sees fit (`adaptive`; `always`
    where that cannot be turned off), or not at all."""
    reasons: bool = False
    """Whether it gives back reasoning that it wants to see again."""
    responses: bool = True
    """For OpenAI's own: whether it is served by the Responses API, and not by Chat Completions alone."""
    max_tokens: int = 16_384
    """Longest answer, where the provider must be told and the request does not say: enough for any script,
    and short of what has to be streamed."""
    stop: bool = True
    """Whether it can be told texts that end its answer."""
    seed: bool = True
    """Whether it can be told a seed, where its API knows one."""


_GPT = Capabilities(strict=True)
_REASONING = Capabilities(
    temperature=False,
    system="developer",
    strict=True,
    thinking="effort",
    reasons=True,
    stop=False,
    seed=False,
)
_O1_PREVIEW = Capabilities(
    temperature=False, system="fold", tools=False, responses=False, stop=False, seed=False
)
_CLAUDE = Capabilities(seed=False)
_CLAUDE_THINKS = replace(_CLAUDE, thinking="budget", reasons=True)
_CLAUDE_ADAPTS = replace(_CLAUDE, thinking="adaptive", reasons=True)

_B = r"(?<![a-z0-9])"  # a name begins here: `o1` is not in `gpt-4o1`

_TABLE: tuple[tuple[re.Pattern[str], Capabilities], ...] = tuple(
    (re.compile(_B + pattern), capabilities)
    for pattern, capabilities in (
        # OpenAI. The first two models of the o series know neither instructions nor tools.
        (r"o1-(preview|mini)", _O1_PREVIEW),
        (r"gpt-5(\.\d+)?-chat", _GPT),
        (r"gpt-oss", Capabilities(thinking="effort", reasons=True)),
        (r"(o[1-9]|gpt-([5-9]|\d\d))(?![a-z0-9])", _REASONING),
        (r"gpt-4o-2024-05-13|gpt-4-|gpt-4(?![a-z0-9.])|gpt-3\.5", Capabilities(max_tokens=4_096)),
        (r"(gpt|chatgpt)-", _GPT),
        # Anthropic.
        (r"claude-(2|instant)", replace(_CLAUDE, tools=False, max_tokens=4_096)),
        (r"claude-3-(opus|sonnet|haiku)", replace(_CLAUDE, max_tokens=4_096)),
        (r"claude-3[-.]5", replace(_CLAUDE, max_tokens=8_192)),
        (r"claude-3[-.]7|claude-(opus|sonnet|haiku)-4[-.][015](?!\d)", _CLAUDE_THINKS),
        (r"claude-(opus|sonnet)-4(?![-.]\d(?!\d))", _CLAUDE_THINKS),
        (r"claude-(opus|sonnet)-4[-.]6", _CLAUDE_ADAPTS),
        (r"claude-(mythos|fable)", replace(_CLAUDE_ADAPTS, temperature=False, thinking="always")),
        # From Opus 4.7 on, sampling parameters are refused.
        (r"claude-", replace(_CLAUDE_ADAPTS, temperature=False)),
        # Others.
        (r"deepseek-(r1|reasoner)", Capabilities(temperature=False, tools=False)),
    )
)


@lru_cache
def capabilities(model: str) -> Capabilities:
    """What `model` takes, by its name."""
    name = model.lower()
    return next((found for pattern, found in _TABLE if pattern.search(name)), Capabilities())
