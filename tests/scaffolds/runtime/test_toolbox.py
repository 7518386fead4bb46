"""Whatever a model writes as arguments is answered, and its sandbox lives on."""

import contextlib
from collections.abc import Iterator, Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.open import open_sandbox
from sandbox.protocols import Sandbox
from sandbox.spec import SandboxSpec
from sandbox.text import printable
from scaffolds.messages import JsonValue
from scaffolds.runtime.blobs import PackStore
from scaffolds.runtime.keeping import Keeping
from scaffolds.runtime.toolbox import Toolbox
from scaffolds.tools import SANDBOX_TOOLS, SCAFFOLD_TOOLS, Parameter
from tests.requires import require
from tests.sandbox.support import RELAXED, out

SHORT_S = 0.5
HUGE = 10**400


class Form:
    """A validator; what it says is beside the point."""

    max_bytes = 1000
    valid = True
    code = "OK"
    message = "well-formed"

    def check(self, data: bytes) -> "Form":
        return self


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    require("bwrap", "apt-get install bubblewrap")
    folder = tmp_path_factory.mktemp("toolbox")
    (folder / "data").mkdir()
    spec = SandboxSpec(backend="bwrap", root=folder / "box", data=folder / "data")
    with contextlib.closing(open_sandbox(spec)) as opened:
        yield opened


@pytest.fixture(scope="module")
def keeping(tmp_path_factory: pytest.TempPathFactory) -> Keeping:
    return Keeping(PackStore(tmp_path_factory.mktemp("kept"), writable=True))


TOOLS = {**SANDBOX_TOOLS, **SCAFFOLD_TOOLS}
ANY = st.text(st.characters(categories=None))
"""Halves of characters too."""
LONG = st.tuples(ANY, st.sampled_from([1, 1, 1, 4096, 200_000])).map(lambda drawn: drawn[0] * drawn[1])
INTEGERS = st.integers() | st.integers(-1, 3) | st.sampled_from([HUGE, -HUGE, 2**62, 2**63, 2**64])
FOLDERS = st.sampled_from(["..", "/", ".", "~", "//", "/dev/null", "/proc/1/fd/0", "\\"])
PATHS = (
    st.sampled_from(["f", "d", "d/f", "missing"]) | st.lists(FOLDERS | ANY, max_size=5).map("/".join) | LONG
)
MANY: dict[str, JsonValue] = {f"V{number}": "" for number in range(5000)}


def _variables(drawn: Mapping[str, str | int]) -> dict[str, JsonValue]:
    return dict(drawn)


VALUES: Mapping[str, st.SearchStrategy[JsonValue]] = {
    "integer": INTEGERS,
    "number": INTEGERS | st.floats(),
    "boolean": st.booleans(),
    "object": st.dictionaries(LONG, LONG | INTEGERS, max_size=3).map(_variables) | st.just(MANY),
}


def values(name: str, parameter: Parameter) -> st.SearchStrategy[JsonValue]:
    if parameter.choices:
        return st.sampled_from(parameter.choices)
    if parameter.type == "string":
        return PATHS if name in ("path", "dir") else st.sampled_from(["a\n", "true", "1 + 1"]) | LONG
    return VALUES[parameter.type]


def calls(tool: str) -> st.SearchStrategy[tuple[str, dict[str, JsonValue]]]:
    each = {name: values(name, parameter) for name, parameter in TOOLS[tool].parameters.items()}
    needed = {name: each[name] for name, p in TOOLS[tool].parameters.items() if p.required}
    optional = {name: strategy for name, strategy in each.items() if name not in needed}
    return st.tuples(st.just(tool), st.fixed_dictionaries(needed, optional=optional))


@settings(RELAXED, max_examples=40)
@given(st.sampled_from(sorted(TOOLS)).flatmap(calls))
def test_every_call_is_answered_and_costs_no_sandbox(
    box: Sandbox, keeping: Keeping, call: tuple[str, dict[str, JsonValue]]
) -> None:
    tool, arguments = call
    result = Toolbox(lambda: box, Form(), keeping).call(tool, arguments, SHORT_S).result
    assert isinstance(result.text, str)
    assert "alive\n" in out(box.shell("echo alive", timeout=30))


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("shell", {"command": "true", "timeout": HUGE}),
        ("shell_poll", {"job": HUGE, "wait": HUGE}),
        ("read_file", {"path": "f", "offset": HUGE, "limit": HUGE}),
        ("edit_file", {"path": "f", "command": "insert", "line": HUGE, "new": "x"}),
        ("run_script", {"code": "", "dir": "d", "env": {"A": "\ud800"}}),
        ("run_script", {"code": "", "dir": "d", "env": MANY}),
        ("write_file", {"path": "\x1b[2J\u202e", "content": ""}),
        ("place_file", {"path": "f", "kept": "\x1b[2J\ud800"}),
        ("validate_submission", {"path": "\x1b[2J\u202e\ud800"}),
    ],
)
def test_arguments_that_no_machine_can_take(
    box: Sandbox, keeping: Keeping, tool: str, arguments: dict[str, JsonValue]
) -> None:
    box.write_file("f", "text\n")
    said = Toolbox(lambda: box, Form(), keeping).call(tool, arguments, 10).result.text
    assert said == printable(said)
    assert "alive\n" in out(box.shell("echo alive", timeout=30))
