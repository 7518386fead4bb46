"""Keys: where they come from, and how they stay out of everything that is written.

A key comes from the environment or from a `.env` file. It is read when a model is connected, handed to its
client, and kept nowhere else: not in the process's own environment, which children inherit, and in no
config.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

_LINE = re.compile(
    r"""\s*(?:export\s+)?(?P<name>[A-Za-z_]\w*)\s*=\s*
    (?: '(?P<single>[^']*)' | "(?P<double>[^"]*)" | (?P<plain>[^\s#'"][^\s]*)? )
    \s*(?:\#.*)?""",
    re.VERBOSE,
)
_SECRET_NAME = re.compile(r"(KEY|TOKEN|SECRET|PASSWORD|CREDENTIALS|AUTH)(_ID)?$")
_SHORTEST = 8
"""Characters: stand-ins for keys, such as `none`, are words that may stand anywhere."""
_NO_WORD = 16
"""Characters from which on a value is no word that a config may hold by chance."""
_LOOKS_LIKE_A_KEY = re.compile(
    r"(?<![A-Za-z0-9])(?:(?:sk|pk|rk|gsk|xai|nvapi|hf|csk|pplx|r8|tgp|fw)[-_](?=[A-Za-z0-9_-]*\d)[A-Za-z0-9_-]{20,}"
    r"|AIza[A-Za-z0-9_-]{30,}|A(?:KIA|SIA)[A-Z0-9]{16}|gh[pousr]_[A-Za-z0-9]{30,}|[A-Za-z]+://[^/\s:@]+:[^/\s:@]+@)"
)
"""Openings that providers give their keys, and passwords in addresses."""


@dataclass(frozen=True, slots=True)
class Secrets:
    """Keys by the names of their variables."""

    environment: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    """Wins over the file, as it does everywhere."""
    file: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    """What the `.env` file says."""
    named: frozenset[str] = frozenset()
    """Variables that are secret whatever they are called: those that providers name as their keys."""

    def get(self, name: str) -> str | None:
        """The value of a variable; None where it is missing or empty."""
        return self.environment.get(name) or self.file.get(name) or None

    def redacted(self, text: str) -> str:
        """`text` with the names of secrets in place of their values."""
        for name, value in self.values():
            if value in text:
                text = text.replace(value, f"[{name}]")
        return text

    def shown_in(self, text: str) -> str | None:
        """What secret is in `text`: the name of its variable, or what it looks like; None for nothing."""
        named = next(
            (name for name, value in self.values() if len(value) >= _NO_WORD and value in text), None
        )
        return named or ("a key" if _LOOKS_LIKE_A_KEY.search(text) else None)

    def values(self) -> Iterator[tuple[str, str]]:
        """Names and values of all secrets, the longest first: one may be the beginning of another."""
        both = [*self.file.items(), *self.environment.items()]
        secret = {(name, value) for name, value in both if self._is_secret(name)}
        worth = [(name, value) for name, value in secret if len(value) >= _SHORTEST]
        yield from sorted(worth, key=lambda pair: (-len(pair[1]), pair))

    def _is_secret(self, name: str) -> bool:
        return name in self.named or _SECRET_NAME.search(name.upper()) is not None


def parse_env(text: str) -> dict[str, str]:
    """The variables of a `.env` file: `NAME=value` a line, with or without `export` and quotes.

    Raises:
        ValueError: a line is none; says which, and not what it holds.
    """
    found: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = _LINE.fullmatch(line)
        if match is None:
            raise ValueError(f"line {number} is not of the form NAME=value")
        quoted = match["single"] if match["single"] is not None else match["double"]
        found[match["name"]] = quoted if quoted is not None else match["plain"] or ""
    return found
