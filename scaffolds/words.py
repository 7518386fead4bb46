"""Numbers as people say them."""


def duration_words(seconds: float) -> str:
    """A time span, rounded to what matters for planning.

    The rounding is coarse on purpose: a prompt that says `23 hours 30 minutes` for half an hour is the
    same text for that long, which keeps prompt caches warm.
    """
    if seconds < 60:
        return count(max(0, round(seconds / 5) * 5), "second")
    minutes = round(seconds / 60)
    if minutes < 10:
        return count(minutes, "minute")
    if minutes < 60:
        return count(5 * round(minutes / 5), "minute") if minutes < 58 else "1 hour"
    halves = round(seconds / 1800)
    hours = count(halves // 2, "hour")
    return f"{hours} 30 minutes" if halves % 2 else hours


def count(many: int, noun: str) -> str:
    """`1 cell`, `2 cells`."""
    return f"{many} {noun}" if many == 1 else f"{many} {noun}s"


def middle_cut(text: str, head: int, tail: int) -> str:
    """The first and last characters of a long text, with a note of how many are missing between."""
    dropped = len(text) - head - tail
    if dropped <= 0:
        return text
    return f"{text[:head]}\n[… {dropped} characters left out …]\n{text[len(text) - tail :]}"


def one_line(text: str, limit: int) -> str:
    """A text on one line, cut to `limit` characters."""
    flat = " ".join(text[: 4 * limit].split())
    return flat if len(flat) <= limit else flat[: limit - 1] + "…"
