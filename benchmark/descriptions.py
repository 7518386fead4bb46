"""Checks that both descriptions of a competition tell the same task, and that one hides where it is from.

They name the same files, columns, numbers, metric and form of a submission; the example of a submission in
them is one that the contract accepts.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmark.competition import CHANGED, Competition
from benchmark.contract import check, make_form
from benchmark.description_text import LEFT_OUT, SECTIONS, DescriptionText
from benchmark.metrics.words import words
from benchmark.origin import traces
from benchmark.versions import at_version, has_version

FEWEST_ROWS = 1
"""Rows of an example: a competition can ask for a single one."""


def read_descriptions(competition: Competition) -> tuple[DescriptionText, DescriptionText]:
    """The two descriptions: the plain one and the obfuscated one."""
    plain = DescriptionText("description.md", competition.description())
    return plain, DescriptionText("description_obfuscated.md", competition.description(obfuscated=True))


def problems(competition: Competition) -> tuple[str, ...]:
    """What is wrong with the descriptions of a competition, each as a sentence; empty where nothing is."""
    plain, hidden = read_descriptions(competition)
    found = [f"{text.file}: {problem}" for text in (plain, hidden) for problem in _told(text, competition)]
    found += _differences(plain, hidden)
    found += [f"{hidden.file}: it tells the origin by {word!r}" for word in traces(hidden.text, competition)]
    return tuple(found)


def problems_of_versions(competition: Competition) -> tuple[str, ...]:
    """What is wrong with the descriptions of all data versions; what only version 2 has is said to be its."""
    found = problems(competition)
    if not has_version(competition, 2):
        return found
    later = problems(at_version(competition, 2))
    return (*found, *(f"data version 2: {problem}" for problem in later if problem not in found))


def _told(text: DescriptionText, competition: Competition) -> Iterator[str]:
    """What one description by itself lacks."""
    sections = SECTIONS if competition.data_version == 1 else (*SECTIONS, CHANGED)
    if text.sections != sections:
        yield f"its sections are {text.sections}, not {sections}"
    yield from _rewording_problems(text, competition)
    for public in competition.public_files.values():
        if not _names_file(text, public.file):
            yield f"it does not name the file {public.file!r}"
    metric = words(competition.metric.name, competition.metric.params)
    if metric.lower() not in text.running.lower():
        yield f"it does not name the metric as {metric!r}"
    direction = f"**{'higher' if competition.maximize else 'lower'} is better"
    if direction not in text.running.lower():
        yield f"it does not say {direction + '**'!r}"
    yield from _example_problems(text, competition)


def _rewording_problems(text: DescriptionText, competition: Competition) -> Iterator[str]:
    """Which pieces that are to be replaced do not stand in the original text exactly once."""
    original = (competition.folder / text.file).read_text(encoding="utf-8")
    for change in competition.rewordings:
        times = len(change.pattern.findall(original))
        if times != 1:
            yield f"{change.old!r}, which is to be replaced, stands there {times} times, not once"


def _names_file(text: DescriptionText, file: str) -> bool:
    """Whether the text names a file, or a folder or file inside the folder that it is."""
    bare = file.rstrip("/")
    return any(name.rstrip("/") == bare or name.startswith(f"{bare}/") for name in text.names)


def _example_problems(text: DescriptionText, competition: Competition) -> Iterator[str]:
    if len(text.rows) <= FEWEST_ROWS:
        yield "it has no example of a submission"
        return
    if any(len(row) != len(text.header) for row in text.rows):
        yield "the rows of the example are not as wide as its header"
    elif LEFT_OUT in text.header:
        absent = set(competition.submission_columns) - set(text.header)
        if absent:
            yield f"the header of the example lacks {sorted(absent)}"
    else:
        yield from _form_problems(text, competition)


def _form_problems(text: DescriptionText, competition: Competition) -> Iterator[str]:
    """What the contract says to the example, where the example itself is the sample submission."""
    with tempfile.TemporaryDirectory() as folder:
        sample = Path(folder, "example.csv")
        sample.write_text(text.example, encoding="utf-8")
        form = make_form(competition, text.header, rows=len(text.rows) - 1, sample=sample)
        verdict = check(sample.read_bytes(), form)
    if not verdict.valid:
        yield f"the example is no valid submission: {verdict.message}"


def _differences(plain: DescriptionText, hidden: DescriptionText) -> Iterator[str]:
    """What only one of the two descriptions says."""
    for what, one, other in (
        ("the names", plain.names, hidden.names),
        ("the numbers", plain.numbers, hidden.numbers),
    ):
        if one != other:
            yield f"{what} {sorted(one ^ other)} are in one description alone"
    if plain.example != hidden.example:
        yield "the examples of a submission differ"
