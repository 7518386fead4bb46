"""Fenced blocks: how code and output travel inside prompts and replies.

Reads the part of CommonMark that models write: fences of backticks or tildes, nothing inside quotes or lists.
Every function takes time linear in its text, whatever the text is.
"""

import re
from dataclasses import dataclass

PYTHON_TAGS = ("python", "py", "python3")
"""Info strings by which models tag Python."""
_BACKTICKS = re.compile(r"`+")
# At most three spaces of indent: four would make it an indented code block. The rest of the line is the info
# string; that of a backtick fence holds no backtick, or ```x``` on one line would open a block.
_FENCE = re.compile(r"( {0,3})(`{3,}(?=[^`]*$)|~{3,})(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block.

    `info` is the first word after the fence in lower case, empty if there is none. `body` is the lines
    between the fences joined by newlines: the newline before the closing fence belongs to the fence.
    """

    info: str
    body: str


@dataclass(slots=True)
class _Open:
    """A block whose end has not been seen."""

    indent: int
    fence: str
    info: str
    lines: list[str]

    def closed_by(self, line: str) -> bool:
        """Whether `line` is the closing fence: the same character, as long or longer, nothing behind it."""
        mark = line.strip(" \t\r")
        indent = len(line) - len(line.lstrip(" "))
        return indent < 4 and len(mark) >= len(self.fence) and mark == self.fence[0] * len(mark)

    def add(self, line: str) -> None:
        """Take a line of the body, without as much indent as the opening fence had."""
        spaces = len(line) - len(line.lstrip(" "))
        self.lines.append(line[min(spaces, self.indent) :])

    def block(self) -> Block:
        return Block(self.info, "\n".join(self.lines))


def fenced(body: str, info: str = "") -> str:
    """`body` as a fenced block that nothing inside it can close.

    `blocks(fenced(body, info))` gives `body` back exactly, trailing newlines included: a body that ends in a
    newline shows an empty line before the closing fence. The result itself ends without a newline.

    Raises:
        ValueError: `info` has a line break or a backtick, which no opening fence can hold.
    """
    if any(character in info for character in "\n\r`"):
        raise ValueError(f"{info!r} cannot be the info string of a fence")
    longest = max((len(run) for run in _BACKTICKS.findall(body)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{info}\n{body}\n{fence}"


def blocks(text: str) -> tuple[Block, ...]:
    """Every fenced block of `text`, in order; one that is never closed runs to the end."""
    found: list[Block] = []
    current: _Open | None = None
    for line in text.split("\n"):
        if current is None:
            current = _opened(line)
        elif current.closed_by(line):
            found.append(current.block())
            current = None
        else:
            current.add(line)
    if current is not None:
        found.append(current.block())
    return tuple(found)


def prose_before_first_block(text: str) -> str:
    """What `text` says before its first fence, without surrounding white space."""
    lines: list[str] = []
    for line in text.split("\n"):
        if _opened(line) is not None:
            break
        lines.append(line)
    return "\n".join(lines).strip()


def _opened(line: str) -> _Open | None:
    match = _FENCE.fullmatch(line)
    if match is None:
        return None
    indent, fence, rest = match.groups()
    words = rest.split(maxsplit=1)
    return _Open(len(indent), fence, words[0].lower() if words else "", [])
