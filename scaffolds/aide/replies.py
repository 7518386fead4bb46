"""A plan and a script, as a model's reply holds them."""

from collections.abc import Callable
from dataclasses import dataclass

from scaffolds.markdown import PYTHON_TAGS, blocks, prose_before_first_block
from scaffolds.words import middle_cut

MAX_CODE_CHARS = 200_000
_UNREAD_CHARS = 500


@dataclass(frozen=True, slots=True)
class Proposal:
    """A script to be run; `code` is empty when the model's replies held none."""

    plan: str
    code: str


class Unreadable(ValueError):
    """A reply without a usable script; the text says why, for the model."""


Reader = Callable[[str], Proposal]
"""Reads a reply; raises `Unreadable`."""
LastResort = Callable[[str], Proposal]
"""Makes something of the last reply that could not be read."""


def read_reply(text: str) -> Proposal:
    """Plan and script of a reply.

    All blocks tagged as Python are joined, or the untagged ones where none is tagged. The code is not
    compiled here: it comes from outside, and the sandbox will say what is wrong with it.

    Raises:
        Unreadable: there is no such block, or it is empty or far too long.
    """
    found = blocks(text)
    tagged = [block.body for block in found if block.info in PYTHON_TAGS]
    parts = tagged or [block.body for block in found if block.info == ""]
    code = "\n\n".join(part.strip("\n") for part in parts if part.strip())
    if not code:
        raise Unreadable("it holds no fenced block of Python code.")
    if len(code) > MAX_CODE_CHARS:
        raise Unreadable(f"its script is longer than {MAX_CODE_CHARS} characters.")
    plan = prose_before_first_block(text).strip()
    return Proposal(plan or "(no plan given)", code + "\n")


def unread_reply(text: str) -> Proposal:
    """What is left of a reply that nobody could read: its beginning in the place of a plan, and no script."""
    return Proposal(middle_cut(text, _UNREAD_CHARS, 0), "")
