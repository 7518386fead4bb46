"""Every action in a real sandbox."""

from pathlib import Path

import pytest

from scaffolds.mlab.actions.table import actions, available
from scaffolds.mlab.config import MlabConfig
from scaffolds.tools import SANDBOX_TOOLS
from tests.requires import require
from tests.scaffolds.mlab.support import Session, code, finish, reply, step
from tests.scaffolds.scripted import Said, fields, says

OLD = "x = 1\nprint(x)\n"
NEW = "x = 2\nprint(x)\n"


def names(*, retrieval: bool, without: str = "") -> list[str]:
    tools = set(SANDBOX_TOOLS) - {without}
    return [
        name
        for name, a in available(tools, MlabConfig.model_validate({"retrieval": retrieval})).items()
        if not a.hidden
    ]


def test_the_actions_shown_are_those_of_the_benchmarks_run() -> None:
    shown = names(retrieval=False)
    assert shown == [
        "List Files",
        "Copy File",
        "Undo Edit Script",
        "Execute Script",
        "Validate Submission",
        "Final Answer",
        "Understand File",
        "Inspect Script Lines",
        "Edit Script (AI)",
    ]
    config = MlabConfig.model_validate({"retrieval": True})
    assert names(retrieval=True) == [*shown, "Reflection"]
    assert len(available(SANDBOX_TOOLS, config)) == len(actions(config)) == 16
    assert "Validate Submission" not in names(retrieval=False, without="validate_submission")
    assert "Edit Script (AI)" not in names(retrieval=False, without="write_file")
    assert "Undo Edit Script" not in names(retrieval=False, without="edit_file")


def test_the_agent_is_told_how_many_lines_it_may_inspect(tmp_path: Path) -> None:
    inspect = step("Inspect Script Lines", script_name="a", start_line_number=1, end_line_number=9)
    session = Session(tmp_path, [inspect, finish()], inspect_lines=7)
    assert "The last line, at most 7 after the first." in session.model.requests[0].messages[0].content
    assert "at most 7 lines can be shown at a time" in session.observations[0]


STEPS: list[tuple[list[Said], list[str]]] = [
    ([step("List Files", dir_path=".")], ["link", "input"]),
    ([step("List Files", dir_path="input")], ["file\t", "input/train.csv"]),
    ([step("List Files", dir_path="nowhere")], ["EnvError: nowhere: no such file"]),
    ([step("Write File", file_name="deep/old.py", content=OLD)], [f"Wrote {len(OLD)} bytes"]),
    ([step("Append File", file_name="deep/old.py", content="# it's $HOME\n")], ["Appended to deep/old.py"]),
    ([step("Read File", file_name="deep/old.py")], [OLD, "# it's $HOME"]),
    ([step("Read File", file_name="nowhere.py")], ["EnvError: nowhere.py: no such file"]),
    ([step("Write File", file_name="input/x", content="")], ["EnvError", "read-only"]),
    ([step("Copy File", source="deep/old.py", destination="a b.py")], ["Copied deep/old.py to a b.py."]),
    ([step("Copy File", source="-x", destination="y")], ["EnvError: cp: cannot stat '-x'"]),
    (
        [step("Inspect Script Lines", script_name="a b.py", start_line_number=2, end_line_number=9)],
        ["```text\nprint(x)\n# it's $HOME\n[lines in all: 3]\n```"],
    ),
    (
        [step("Inspect Script Lines", script_name="a b.py", start_line_number=1, end_line_number=102)],
        ["EnvError: at most 100 lines"],
    ),
    (
        [step("Inspect Script Lines", script_name="a b.py", start_line_number=0, end_line_number=1)],
        ["EnvError: the lines must be numbers from 1"],
    ),
    (
        [step("Inspect Script Lines", script_name="gone.py", start_line_number=1, end_line_number=1)],
        ["EnvError", "gone.py: No such file"],
    ),
    # An edit saved under another name is undone there, in whatever folder it is.
    (
        [
            step(
                "Edit Script (AI)", script_name="deep/old.py", edit_instruction="two", save_name="deep/new.py"
            ),
            code(NEW),
        ],
        [
            "deep/new.py was written",
            "--- deep/old.py\n+++ deep/new.py\n",
            "-x = 1\n+x = 2\n",
            "-# it's $HOME",
        ],
    ),
    (
        [
            step(
                "Edit Script (AI)", script_name="deep/new.py", edit_instruction="3", save_name="./deep/new.py"
            ),
            code("x = 3"),
        ],
        ["-x = 2", "+x = 3"],
    ),
    ([step("Undo Edit Script", script_name="deep/new.py")], ["deep/new.py is again as it was", NEW]),
    ([step("Undo Edit Script", script_name="deep/new.py")], ["deep/new.py is gone again"]),
    ([step("Undo Edit Script", script_name="deep/new.py")], ["EnvError: deep/new.py: there is no edit"]),
    ([step("Undo Edit Script", script_name="deep/x.py")], ["EnvError: deep/x.py: there is no edit"]),
    # What Write File has made is taken back in the same way.
    ([step("Write File", file_name="deep/old.py", content="lost")], ["Wrote 4 bytes"]),
    ([step("Undo Edit Script", script_name="deep/old.py")], ["deep/old.py is again as it was", OLD]),
    (
        [
            step(
                "Edit Script (AI)", script_name="deep/old.py", edit_instruction="2", save_name="deep/old.py"
            ),
            says("I would rather not."),
        ],
        ["LLMError", "no block of code", "nothing was changed", "I would rather not."],
    ),
    (
        [
            step(
                "Edit Script (AI)", script_name="deep/old.py", edit_instruction="2", save_name="deep/old.py"
            ),
            code("x = 2", stop="length"),
        ],
        ["LLMError", "cut off at 4000 tokens", "`Edit Script Segment (AI)`"],
    ),
    (
        [step("Edit Script (AI)", script_name="input", edit_instruction="2", save_name="input")],
        ["EnvError: input: is a directory"],
    ),
    (
        [
            step(
                "Edit Script Segment (AI)",
                script_name="deep/old.py",
                start_line_number=1,
                end_line_number=1,
                edit_instruction="two",
                save_name="deep/old.py",
            ),
            code("x = 2\ny = 3"),
        ],
        ["-x = 1\n+x = 2\n+y = 3\n print(x)\n"],
    ),
    (
        [
            step(
                "Edit Script Segment (AI)",
                script_name="deep/old.py",
                start_line_number=4,
                end_line_number=5,
                edit_instruction="two",
                save_name="deep/old.py",
            )
        ],
        ["EnvError: the lines must be among the script's, 1 to 4."],
    ),
    (
        [
            step("Write File", file_name="odd.py", content="a = '\u200b'\nb = 1\n"),
            step(
                "Edit Script Segment (AI)",
                script_name="odd.py",
                start_line_number=2,
                end_line_number=2,
                edit_instruction="two",
                save_name="odd.py",
            ),
        ],
        ["EnvError: odd.py holds characters that cannot be shown"],
    ),
    ([step("Execute Script", script_name="deep/old.py")], ["```text\n2\n[exit code 0]\n```"]),
    (
        [
            step(
                "Write File",
                file_name="bad.py",
                content="import os\nprint(os.listdir('input'))\nraise ValueError(7)",
            ),
            step("Execute Script", script_name="bad.py"),
        ],
        ["['train.csv']", "Traceback", "ValueError: 7", "[exit code 1]"],
    ),
    ([step("Execute Script", script_name="gone.py")], ["EnvError: gone.py: no such file"]),
    (
        [
            step("Write File", file_name="s.csv", content="id,y\n"),
            step("Validate Submission", submission_path="s.csv"),
        ],
        ["[ROW_COUNT] there are no rows"],
    ),
    (
        [
            step("Write File", file_name="s.csv", content="id,y\n1,2\n"),
            step("Validate Submission", submission_path="s.csv"),
        ],
        ["[OK] ok"],
    ),
    ([step("Validate Submission", submission_path="t.csv")], ["EnvError: "]),
    (
        [step("Understand File", file_name="deep/old.py", things_to_look_for="what x is"), says("It is 2.")],
        ["It is 2."],
    ),
    ([step("Understand File", file_name="gone", things_to_look_for="x")], ["EnvError: gone: no such file"]),
    ([step("Write File", file_name="nul", content="a\0b")], ["Wrote 3 bytes"]),
    ([step("Append File", file_name="nul", content="\0")], ["Appended to nul"]),
]


def test_every_action_in_one_session(tmp_path: Path) -> None:
    require("bwrap", "apt-get install bubblewrap")
    said = [answer for answers, _ in STEPS for answer in answers]
    session = Session(tmp_path, [*said, finish()], backend="bwrap")
    assert session.outcome.summary == "done"
    seen = iter(session.observations)
    for answers, words in STEPS:
        # The last reply of a group with fields is the one whose observation is looked at.
        replies = sum(
            not isinstance(a, Exception) and not callable(a) and "Action:" in a.text for a in answers
        )
        observation = [next(seen) for _ in range(replies)][-1]
        for word in words:
            assert word in observation, observation
    assert len(session.asked(4_000)) == 5
    assert "two" in session.asked(4_000)[0]
    assert OLD in session.asked(4_000)[0]


def test_a_file_of_many_blocks_is_understood_up_to_a_limit(tmp_path: Path) -> None:
    lines = "".join(f"row {n}\n" for n in range(200))
    session = Session(
        tmp_path,
        [
            step("Write File", file_name="a.txt", content=lines),
            step("Understand File", file_name="a.txt", things_to_look_for="rows"),
            *(says(f"block {n}") for n in range(1, 4)),
            says("merged"),
            finish(),
        ],
        block_chars=200,
        understand_blocks=3,
        fast_max_tokens=77,
    )
    asked = session.asked(77)
    assert ["part 1 of 3" in asked[0], "part 3 of 3" in asked[2]] == [True, True]
    assert "row 0\n" in asked[0]
    assert "block 1" in asked[3]
    assert "block 3" in asked[3]
    observation = session.observations[1]
    assert "merged\n(Incomplete: only the first 3 blocks were read.)" in observation


@pytest.mark.parametrize("policy", ["llm_digest", "truncate"])
def test_long_observations_are_shortened_and_kept_whole_in_the_log(tmp_path: Path, policy: str) -> None:
    text = "".join(f"epoch {n}\n" for n in range(100)) + "score 0.123456"
    said: list[Said] = [step("Write File", file_name="a", content=text), step("Read File", file_name="a")]
    if policy == "llm_digest":
        said += [says("first part"), says("second part"), says("It trains.")]
    session = Session(
        tmp_path,
        [*said, finish()],
        observations=policy,
        observation_chars=500,
        block_chars=600,
        digest_blocks=2,
    )
    observation = session.observations[1]
    assert "score 0.123456" in observation
    assert "epoch 50" not in observation
    assert len(observation) < 800
    if policy == "llm_digest":
        assert f"[{len(text)} characters, summed up:]\nIt trains.\n" in observation
    else:
        assert "characters left out" in observation
        assert not session.asked(500)
    assert text in [result["text"] for result in fields(tmp_path, "tool.result")]


def test_the_research_log_with_retrieval(tmp_path: Path) -> None:
    session = Session(
        tmp_path,
        [
            step("Append Summary to Research Log", content="n" * 600),
            says("summary 1"),
            step("Reflection", things_to_reflect_on="the past"),
            says("I reflect."),
            says("summary 2"),
            says("digest"),
            step("Retrieval from Research Log", current_plan="mine"),
            says("retrieved"),
            says("summary 3"),
            says("digest again"),
            finish(),
        ],
        retrieval=True,
        steps_in_context=1,
    )
    fast = session.asked(500)
    assert session.observations[0].startswith("```text\nAppended the first 500 of 600")
    assert "I reflect." in session.observations[1]
    assert "retrieved" in session.observations[2]
    assert "summary 1" in fast[1]
    assert "n" * 500 in fast[1]
    assert "n" * 501 not in fast[1]
    assert "Predict y." in fast[1]
    assert "mine" in fast[4]
    assert "What your research log says" in session.asked()[2]
    assert "digest" in session.asked()[2]
    assert "What your research log says" not in session.asked()[1]


def test_an_action_of_the_log_is_unknown_without_retrieval(tmp_path: Path) -> None:
    session = Session(tmp_path, [says(reply("Reflection", '{"things_to_reflect_on": ""}')), finish()])
    assert "there is no action of that name. The actions are: `List Files`, `Read File`" in session.asked()[1]
