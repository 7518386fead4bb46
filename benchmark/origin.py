"""Where a competition is from: the words that its obfuscated description must not hold.

They are those of its title, id and slug, without what `origin_words.yaml` calls generic or needed, and the
names of hosts that this file lists.
"""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict

from benchmark.competition import Competition

LIST = Path(__file__).parent / "origin_words.yaml"
SHORTEST = 3
"""Letters of the shortest word of a title that is looked for: shorter ones say nothing."""
_LINK = re.compile(r"https?:|www\.|\w\.(?:com|org)\b")


class Origin(BaseModel):
    """What is known of one competition."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    hosts: tuple[str, ...] = ()
    """Names of hosts, sources and places."""
    needed: tuple[str, ...] = ()
    """Words of the title without which the task cannot be told."""


class OriginWords(BaseModel):
    """The whole list."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    everywhere: tuple[str, ...]
    """Names that no obfuscated description may hold."""
    generic: frozenset[str]
    """Words of titles that name the kind of task and not its origin."""
    competitions: Mapping[str, Origin]
    """What is known of each competition."""


@cache
def origin_words() -> OriginWords:
    """The list as it lies beside this module."""
    return OriginWords.model_validate(yaml.safe_load(LIST.read_text(encoding="utf-8")))


def words_of(competition: Competition) -> tuple[str, ...]:
    """The words that tell where a competition is from, in lower case."""
    known = origin_words()
    origin = known.competitions.get(competition.id, Origin())
    title = f"{competition.title} {competition.id} {competition.slug or ''}".lower()
    titled = {word for word in re.findall(r"\w+", title) if len(word) >= SHORTEST and not word.isdigit()}
    looked_for = {*known.everywhere, *origin.hosts, *(titled - known.generic)}
    return tuple(sorted(looked_for - set(origin.needed)))


def traces(text: str, competition: Competition) -> tuple[str, ...]:
    """What of a text tells where the competition is from; names of its files and columns do not count."""
    files = {public.file for public in competition.public_files.values()}
    needed = files | set(competition.submission_columns)
    for name in sorted(needed, key=len, reverse=True):
        text = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", " ", text)
    running = " ".join(text.lower().split())
    words = [word for word in words_of(competition) if _holds(running, word)]
    whole = [competition.title] if competition.title.lower() in running else []
    return (*whole, *words, *(link.group() for link in _LINK.finditer(running)))


def _holds(running: str, word: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(word)}(?:s|'s)?(?!\w)", running) is not None
