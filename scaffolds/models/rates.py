"""What a model charges, and what a call costs by it."""

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, Field

from scaffolds.messages import Usage

MILLION = 1_000_000

LONGEST_ANSWER = 131_072
"""Output tokens of one answer where nobody says how long it may get: more than all but a few models write."""


class Rates(BaseModel):
    """Dollars per million tokens."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    input: float = Field(ge=0, allow_inf_nan=False)
    """Input."""
    output: float = Field(ge=0, allow_inf_nan=False)
    """Output."""
    cached: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    """Input read from a cache; as other input where left out."""
    written: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    """Input written into a cache; as other input where left out."""
    reasoning: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    """Output that the model thought with; as other output where left out."""

    def charge(self, usage: Usage) -> float:
        """Dollars for these tokens."""
        fresh = usage.input - usage.cached - usage.written
        shown = usage.output - usage.reasoning
        return (
            fresh * self.input
            + usage.cached * _or(self.cached, self.input)
            + usage.written * _or(self.written, self.input)
            + shown * self.output
            + usage.reasoning * _or(self.reasoning, self.output)
        ) / MILLION

    def most(self, input_tokens: int, output_tokens: int) -> float:
        """Dollars for so many tokens, whatever their kind."""
        dearest_input = max(self.input, self.cached or 0.0, self.written or 0.0)
        dearest_output = max(self.output, self.reasoning or 0.0)
        return (input_tokens * dearest_input + output_tokens * dearest_output) / MILLION


class Price(Rates):
    """A model's rates, those of long requests included."""

    above: Mapping[int, Rates] = {}
    """Rates of requests with more input tokens than the key, for all of their tokens."""
    max_output: int | None = Field(default=None, ge=1)
    """The most tokens that one answer may have, as far as it is known."""

    def usd(self, usage: Usage) -> float | None:
        """Dollars of a call; None where its tokens are a guess and not free."""
        usd = self._for(usage.input).charge(usage)
        return None if usage.estimated and usd else usd

    def ceiling(self, input_tokens: int, output_tokens: int | None = None) -> float:
        """The most that a call may cost, if it has at most so many tokens.

        Args:
            input_tokens: of the request.
            output_tokens: that the request allows; the model's own limit where it allows any number.
        """
        output = output_tokens or self.max_output or LONGEST_ANSWER
        reachable = [self, *(rates for start, rates in self.above.items() if start < input_tokens)]
        return max(rates.most(input_tokens, output) for rates in reachable)

    def _for(self, input_tokens: int) -> Rates:
        reached = [start for start in self.above if start < input_tokens]
        return self.above[max(reached)] if reached else self


def _or(rate: float | None, other: float) -> float:
    return other if rate is None else rate
