"""Long texts, read by the role `fast` block by block."""

from collections.abc import Iterator

from scaffolds.mlab.desk import Desk


def line_blocks(text: str, size: int) -> list[str]:
    """The text in blocks of at most `size` characters, cut between lines where lines are that short."""
    found: list[str] = []
    current: list[str] = []
    room = size
    for piece in _pieces(text, size):
        if len(piece) > room:
            found.append("".join(current))
            current, room = [], size
        current.append(piece)
        room -= len(piece)
    return [*found, "".join(current)]


def _pieces(text: str, size: int) -> Iterator[str]:
    """Lines with their ends; a line that is too long in several pieces."""
    for line in text.splitlines(keepends=True):
        for start in range(0, len(line), size):
            yield line[start : start + size]


def read_blocks(desk: Desk, template: str, text: str, most: int, **values: object) -> str:
    """What `fast` says of a text, asked by `template` for each block and by `template`_merge for all of them.

    Only the first `most` blocks are read; the answer says so where there are more.

    Raises:
        ContextOverflow: a prompt is too long for the model.
    """
    found = line_blocks(text, desk.config.block_chars)
    read = found[:most]
    answers = [
        desk.fast(template, block=block, number=number, count=len(read), **values)
        for number, block in enumerate(read, 1)
    ]
    answer = answers[0] if len(answers) == 1 else desk.fast(f"{template}_merge", answers=answers, **values)
    if len(found) > most:
        answer += f"\n(Incomplete: only the first {most} blocks were read.)"
    return answer
