"""How the server fails, and when."""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

Fault = Literal[
    "rate_limit",  # 429 with Retry-After
    "rate_limit_bare",  # 429 without
    "quota",  # 429 that no waiting mends
    "server_error",  # 500
    "bad_gateway",  # 502 with a page of HTML
    "overloaded",  # 529
    "hang",  # nothing, until the client goes
    "drop",  # the connection is closed without a word
    "half_body",  # the half of an answer, then the end
    "invalid_json",  # a whole answer that is no JSON
    "empty_choice",  # an answer without a choice, or with nothing in it
    "trickle",  # a good answer, slowly
    "refusal",  # the model refuses
    "broken_arguments",  # a call whose arguments are no JSON
    "no_usage",  # a good answer that says nothing about tokens
    "context_length",  # 400: too long
    "content_filter",  # 400: the provider refuses the request
    "bad_request",  # 400: anything else
    "unauthorized",  # 401, with the key in its words
    "not_found",  # 404: no such model
    "stream_error",  # an error in the middle of a stream
]

MENDED: tuple[Fault, ...] = (
    "rate_limit",
    "rate_limit_bare",
    "server_error",
    "bad_gateway",
    "overloaded",
    "hang",
    "drop",
    "half_body",
    "invalid_json",
    "empty_choice",
)
"""Faults that another try mends."""

CHARGED: tuple[Fault, ...] = ("half_body",)
"""Faults behind which the provider has made an answer, and charges for it."""

ANSWERED: tuple[Fault, ...] = ("trickle", "refusal", "broken_arguments", "no_usage")
"""No faults of the wire: a whole answer, which is charged for."""

ERRORS: Mapping[Fault, tuple[int, str, str, str]] = {
    "rate_limit": (429, "Slow down.", "rate_limit_error", "rate_limit_exceeded"),
    "rate_limit_bare": (429, "Slow down.", "rate_limit_error", "rate_limit_exceeded"),
    "quota": (429, "You exceeded your current quota.", "insufficient_quota", "insufficient_quota"),
    "server_error": (500, "It broke.", "api_error", "server_error"),
    "overloaded": (529, "Overloaded", "overloaded_error", "overloaded"),
    "context_length": (400, "", "invalid_request_error", "context_length_exceeded"),
    "content_filter": (400, "Refused by our content_filter.", "invalid_request_error", "content_filter"),
    "bad_request": (400, "temperature: too hot", "invalid_request_error", "invalid_value"),
    "unauthorized": (401, "Incorrect API key provided: ", "authentication_error", "invalid_api_key"),
    "not_found": (404, "No such model", "not_found_error", "model_not_found"),
}
"""Status, message, type and code of those that are an error of the provider's."""


@dataclass(frozen=True)
class Raw:
    """An answer to the byte, for the wordings of particular servers."""

    status: int
    body: str
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


Plan = Callable[[int], Fault | Raw | None]
"""Takes the number of a request, from 0: how it fails, or None."""


def no_faults(number: int) -> None:
    """All goes well."""
    del number


def faults_in_turn(*faults: Fault | Raw | None) -> Plan:
    """The first requests fail as listed; those behind go well."""
    return lambda number: faults[number] if number < len(faults) else None


def faults_at_rate(share: float, seed: int, faults: Sequence[Fault] = MENDED) -> Plan:
    """A share of the requests fails, each in a way drawn at random, the same for the same seed."""

    def plan(number: int) -> Fault | None:
        drawn = random.Random(f"{seed}/{number}")
        return drawn.choice(faults) if drawn.random() < share else None

    return plan
