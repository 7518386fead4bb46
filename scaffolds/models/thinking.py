"""How Claude's models are told to think, and how long an answer gets by that.

What is thought counts into the longest answer that these models are told. It comes on top of what was asked
for, so that thinking takes no answer's place.
"""

from typing import Any

from scaffolds.models.capabilities import Capabilities, nearest_effort
from scaffolds.models.settings import Effort, Settings

_TOKENS = {
    "minimal": 1_024,
    "low": 4_096,
    "medium": 8_192,
    "high": 15_616,
    "xhigh": 32_768,
    "max": 65_536,
}
"""To think with, by effort. The high one makes, with the default for the answer, the 32,000 that Opus 4 may
write."""
_LEAST = 1_024
"""The smallest budget that there may be."""
_USUAL: Effort = "high"
"""What models think with that do so by themselves: the highest of their defaults."""
_MOST_WITHOUT: Effort = "high"
"""The most effort that a model takes while its thinking is off: Opus 5 refuses more."""


def thinking(
    can: Capabilities, settings: Settings, *, forced: bool = False, begun: bool = True
) -> dict[str, Any]:
    """The fields of a request that are about thinking, its longest answer among them.

    Args:
        can: what the model takes.
        settings: what is asked for.
        forced: whether a call is forced, which goes together with thinking on no model.
        begun: false where the answer is already under way and began without thinking.
    """
    effort = nearest_effort(settings.reasoning_effort, can.efforts)
    if can.thinking == "adaptive":
        return _adaptive(can, settings, effort, forced=forced)
    tokens = _room(can, settings, effort)
    if can.thinking != "budget" or forced or not begun or tokens < _LEAST:
        return {}
    answer = settings.max_tokens or can.max_tokens
    return {"thinking": {"type": "enabled", "budget_tokens": tokens}, "max_tokens": answer + tokens}


def longest_told(can: Capabilities, settings: Settings) -> int:
    """The longest answer that the model is told at most, thinking included, in tokens."""
    effort = nearest_effort(settings.reasoning_effort, can.efforts)
    return (settings.max_tokens or can.max_tokens) + _room(can, settings, effort)


def _adaptive(
    can: Capabilities, settings: Settings, effort: Effort | None, *, forced: bool
) -> dict[str, Any]:
    silent = can.off is not None and (effort == "none" or forced)
    if silent and (effort is not None or can.by_default):
        said: dict[str, Any] = {"thinking": {"type": can.off}}
        if effort is None:
            return said
        wanted = "low" if effort == "none" else nearest_effort(_MOST_WITHOUT, _up_to(can, effort))
        return said | {"output_config": {"effort": wanted}}
    longest = (settings.max_tokens or can.max_tokens) + _room(can, settings, effort)
    if effort is None:
        return {"max_tokens": longest} if can.by_default else {}
    said = {"output_config": {"effort": effort}, "max_tokens": longest}
    return said if can.off is None else said | {"thinking": {"type": "adaptive"}}


def _up_to(can: Capabilities, effort: Effort) -> tuple[Effort, ...]:
    efforts = can.efforts or ()
    return efforts[: efforts.index(effort) + 1]


def _room(can: Capabilities, settings: Settings, effort: Effort | None) -> int:
    """Tokens that are thought with beside the answer."""
    if effort is None and can.by_default:
        effort = _USUAL
    left = can.room - (settings.max_tokens or can.max_tokens)
    return max(0, min(_TOKENS.get(effort or "none", 0), left))
