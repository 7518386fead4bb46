import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scaffolds.markdown import Block, blocks, fenced, prose_before_first_block

# Bodies made of the characters that matter to fences are the interesting ones.
BODIES = st.text() | st.text(alphabet="`~ \t\r\nab")
INFOS = st.sampled_from(["", "python", "text", "yaml"])


@given(BODIES, INFOS)
def test_a_fenced_body_comes_back_exactly(body: str, info: str) -> None:
    assert blocks(fenced(body, info)) == (Block(info, body),)


@given(BODIES, BODIES)
def test_nothing_in_one_block_reaches_the_next(first: str, second: str) -> None:
    text = f"before\n{fenced(first, 'text')}\nbetween\n{fenced(second, 'python')}\nafter"
    assert blocks(text) == (Block("text", first), Block("python", second))
    assert prose_before_first_block(text) == "before"


@given(BODIES)
def test_any_text_can_be_read(text: str) -> None:
    blocks(text)
    assert prose_before_first_block(text) in text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("```python\nx = 1\n```", [("python", "x = 1")]),
        ("```Python3 title=a\nx\n```\n", [("python3", "x")]),
        ("```  py\r\nx\r\n```\r\n", [("py", "x\r")]),
        ("~~~\n```\nx\n```\n~~~", [("", "```\nx\n```")]),
        ("````md\n```\n````", [("md", "```")]),
        ("```\nx\n`````", [("", "x")]),
        ("```\nx\n``` y\n```", [("", "x\n``` y")]),
        ("```\nnever closed\n", [("", "never closed\n")]),
        ("```", [("", "")]),
        ("```\n```", [("", "")]),
        ("   ```\n    x\n  y\n  ```", [("", " x\ny")]),
        ("    ```\n    x\n    ```", []),
        ("say ```x``` inline\n```x```", []),
        ("", []),
    ],
)
def test_fences_are_read_as_commonmark_does(text: str, expected: list[tuple[str, str]]) -> None:
    assert [(block.info, block.body) for block in blocks(text)] == expected


@pytest.mark.parametrize("info", ["a\nb", "a`b", "a\rb"])
def test_an_info_string_that_no_fence_can_hold_is_refused(info: str) -> None:
    with pytest.raises(ValueError, match="info string"):
        fenced("x", info)


@pytest.mark.parametrize(
    "text", ["`" * 500_000, "~" * 500_000, "```\n" * 100_000, "``` `\n" * 100_000, " " * 500_000]
)
def test_hostile_text_takes_linear_time(text: str) -> None:
    start = time.process_time()
    blocks(text)
    blocks(fenced(text))
    prose_before_first_block(text)
    assert time.process_time() - start < 10
