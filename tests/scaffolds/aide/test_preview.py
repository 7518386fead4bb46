"""What prompts show of the data, as section 1.6 of the design says."""

from pathlib import Path

import pytest

from scaffolds.aide.preview_script import MAX_CHARS, main, preview
from tests.scaffolds.aide.support import Scripted, good, run_aide


def test_files_and_columns_in_detail(tmp_path: Path) -> None:
    rows = [f"{n},{n % 2 == 0},{n % 3},{n / 2},name {n % 12}" for n in range(24)]
    (tmp_path / "train.csv").write_text(
        "\n".join(["z,flag,few,value,name", *rows, "24,True,1,,name 0"]) + "\n"
    )
    (tmp_path / "broken.csv").write_text("")
    (tmp_path / "facts.json").write_text('{"a": 1, "b": [{"c": "x"}, 2]}')
    (tmp_path / "lines.jsonl").write_text('{"id": 1, "text": "x"}\n' * 3)
    (tmp_path / "wrong.json").write_text("[" * 10_000)
    (tmp_path / "notes.txt").write_text("first\nsecond\n")
    (tmp_path / "images").mkdir()
    for n in range(31):
        (tmp_path / "images" / f"{n:02}.png").write_bytes(b"12345")
    text = preview(tmp_path)
    for words in (
        "train.csv (26 lines)\n",
        "notes.txt (2 lines)\n",
        "images/\n  00.png (5 bytes)\n  01.png (5 bytes)\n  02.png (5 bytes)\n  03.png (5 bytes)\n"
        "  ... and 27 other files",
        "train.csv: 25 rows, 5 columns\n  few: int64, values 0, 1, 2\n  flag: bool, 52.00% True\n",
        ", 12 distinct values, most often 'name 0'",
        "  value: float64, from 0 to 11.5, 1 missing\n  z: int64, from 0 to 24",
        "facts.json: {a: int, b: [{c: str}, ...]}",
        "lines.jsonl: {id: int, text: str}",
        "wrong.json: not JSON",
        "broken.csv: No columns",
        "notes.txt:\nfirst\nsecond\n",
    ):
        assert words in text, words


@pytest.mark.parametrize("columns", [150, 5_000])
def test_what_is_too_long_is_told_simply(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], columns: int
) -> None:
    folder = tmp_path / "input"
    folder.mkdir()
    names = [f"a column with a long name {n:04}" for n in range(columns)]
    (folder / "wide.csv").write_text(",".join(names) + "\n" + ",".join("1" * columns) + "\n")
    (folder / "narrow.csv").write_text("x\n1\n")
    monkeypatch.chdir(tmp_path)
    main()
    told = capsys.readouterr().out
    assert len(told) < MAX_CHARS
    assert (
        f"wide.csv: 1 rows, {columns} columns\n  {', '.join(names[:15])}, and {columns - 15} more\n" in told
    )
    assert ("x: int64" in told) == (columns > 200)  # one wide table is no reason to be short about others


def test_large_files_are_not_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scaffolds.aide.preview_script.MAX_BYTES", 20_000)
    (tmp_path / "large.json").write_text(f'["{"x" * 20_000}"]')
    (tmp_path / "large.jsonl").write_text('{"id": 1}\n' * 3_000)
    (tmp_path / "wide.jsonl").write_text(f'["{"x" * 20_000}"]')
    (tmp_path / "line.txt").write_text("y" * 19_000)
    text = preview(tmp_path)
    assert "large.jsonl: {id: int}" in text
    assert "wide.jsonl: a line too long to be read" in text
    assert "xxx" not in text
    assert text.count("y") < MAX_CHARS + 10


def test_what_the_original_remembers_is_not_cut(tmp_path: Path) -> None:
    plan, findings = "A plan. " * 100, "A finding. " * 100
    said = {"is_bug": False, "summary": findings, "metric": None}
    for kind in ("original", "full"):
        replies = [f"raw:{plan}\n```python\n{good(2)}```", good(1)]
        model = Scripted(replies, [said])
        run_aide(tmp_path / kind, model, steps=2, num_drafts=2, prompts=kind)
        assert (plan.strip() in model.prompts[1]) == (kind == "original")
        assert (findings.strip() in model.prompts[1]) == (kind == "original")
