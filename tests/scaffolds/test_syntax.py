"""Reading code that models wrote."""

import pytest

from scaffolds.syntax import parsed


@pytest.mark.parametrize("code", ["x = (", "\x00", "(" * 100_000, "-" * 100_000 + "1", "x" + ".a" * 100_000])
def test_what_is_no_program(code: str) -> None:
    assert parsed(code) is None


def test_a_program_is_read() -> None:
    tree = parsed("x = 1\ny = 2")
    assert tree is not None
    assert len(tree.body) == 2
