"""Sums of dollars in words. One that lacks calls of unknown price is never shown as if it were whole."""


def dollars(usd: float, *, complete: bool) -> str:
    """`$1.20`, `at least $1.20`, or `unknown dollars` where nothing is known.

    Args:
        usd: what the calls of known price cost.
        complete: whether there are no others.
    """
    if complete:
        return f"${usd:.2f}"
    return f"at least ${usd:.2f}" if usd else "unknown dollars"
