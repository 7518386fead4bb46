"""Makes text that an agent controls fit to stand in a message or a terminal."""

SHOWN = 40
"""Characters of a foreign value that a message shows: enough to recognise it, too few to carry a text."""


def plain(value: str, limit: int = SHOWN) -> str:
    """One printable line of at most `limit` characters; control and direction characters are escaped."""
    cut = value[: limit + 1]
    safe = "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in cut)
    return safe if len(value) <= limit and len(safe) <= limit else safe[:limit] + "…"


def quoted(values: list[str], total: int | None = None) -> str:
    """Up to three values in quotes, and how many more there are."""
    shown = ", ".join(f"'{plain(value)}'" for value in values[:3])
    more = (len(values) if total is None else total) - min(len(values), 3)
    return f"{shown} and {more} more" if more > 0 else shown
