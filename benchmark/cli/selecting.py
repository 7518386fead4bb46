"""Which competitions of a split are there, and a word on those that are not."""

from collections.abc import Sequence

from benchmark.cli.output import warn
from benchmark.competition import Competition
from benchmark.registry import find, missing


def present(ids: Sequence[str], named: str) -> list[Competition]:
    """Those of the competitions that this version has; names the others on standard error.

    Args:
        ids: Ids that a split lists.
        named: What the user called them.
    """
    lacking = missing(ids)
    if lacking:
        share = f"{len(lacking)} of the {len(ids)} competitions"
        warn(f"{named}: this version has no folder for {share}: {', '.join(lacking)}")
    return [find(name) for name in ids if name not in lacking]
