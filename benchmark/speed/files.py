"""Generated answers, samples and submissions of a competition, of the real size."""

# pandas' stubs leave many types open; what leaves this module is typed.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

import shutil
import zipfile
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import orjson
import pandas as pd
import pyarrow as pa
import yaml
from pyarrow import csv as arrow_csv

from benchmark.competition import Competition
from benchmark.metrics import METRICS
from benchmark.speed.cells import MAKERS, Random, groups, one_word_anew
from benchmark.submission_schema import ALL_OTHERS, Column

SIZES = Path(__file__).parent / "sizes.yaml"
WIDE = 100
"""Columns that stand for all those that the facts do not list."""
DOCUMENT = "the quick brown fox jumps over the lazy dog " * 900
"""An article of 40 kB, as the answers of a competition on articles hold one for each question."""
GROUP_ROWS = 100
"""Rows of one study or patient."""
SCAN_ROWS = 144 * 3
"""Rows of one scan: so many slices, three organs each."""
SPARSE = 18
"""Where a submission may have rows that no answer asks for, one row in so many has an answer."""
BOX = ("label", "x", "y", "width", "height")
"""What a true character is made of, other than a predicted one."""
ZERO_ONE = frozenset(
    {"roc_auc", "mean_columnwise_roc_auc", "weighted_roc_auc", "log_loss", "probabilistic_f1", "lwlrap",
     "weighted_multilabel_log_loss"}
)  # fmt: skip
"""Metrics whose true values are 0 or 1 while predictions are not."""


class Size(NamedTuple):
    """How large a submission is."""

    rows: int
    parts: int
    """Tokens, runs, boxes or words of one cell."""


class Files(NamedTuple):
    """Three files of one competition."""

    public: Path
    """The folder with the sample submission."""
    private: Path
    """The folder with the answers."""
    submission: Path
    """A submission that the grader scores."""


@cache
def sizes() -> Mapping[str, Size]:
    """The sizes of all competitions that have one."""
    table = yaml.safe_load(SIZES.read_text(encoding="utf-8"))
    return {name: Size(*size) for name, size in table.items()}


def generate(competition: Competition, folder: Path, size: Size, seed: int = 0) -> Files:
    """Writes a sample, answers and a submission of so many rows into a folder."""
    random = np.random.default_rng(seed)
    files = Files(folder / "public", folder / "private", folder / "submission.csv")
    files.public.mkdir(parents=True)
    files.private.mkdir()
    ids = _ids(competition, size.rows)
    rules = _rules(competition)
    truth = {rule.answer or name: _truth(competition, rule, random, size) for name, rule in rules.items()}
    values = {name: MAKERS[rule.kind](random, size.rows, size.parts, rule) for name, rule in rules.items()}
    if competition.metric.name == "mean_levenshtein":
        # Such texts are read off or filled in: a submission is nearly right, or no distance says anything.
        values = {name: one_word_anew(random, truth[rule.answer or name]) for name, rule in rules.items()}
    _keep_checks(competition, values, truth, random)
    _write_table(files.submission, pd.DataFrame({**ids, **values}))
    _write_sample(files.public / competition.files["sample_submission"], files.submission)
    table = pd.DataFrame({**ids, **truth})
    if competition.submission.rows == "more":
        table = table.iloc[::SPARSE].reset_index(drop=True)
    _write_answers(competition, files.private / competition.answers.file, table, random)
    return files


def _rules(competition: Competition) -> dict[str, Column]:
    rules: dict[str, Column] = {}
    for name, rule in competition.submission.columns.items():
        names = [f"class_{place:03d}" for place in range(WIDE)] if name == ALL_OTHERS else [name]
        rules |= dict.fromkeys(names, rule)
    return rules


def _ids(competition: Competition, rows: int) -> dict[str, Any]:
    """Ids of usual length; where two columns name a row, the first names a group of rows."""
    first, *others = competition.submission.ids
    place = np.arange(rows)
    if competition.answers.suffixes:
        # Each answer asks for a row of each suffix.
        ends = competition.answers.suffixes
        return {first: [f"{number // len(ends)}{ends[number % len(ends)]}" for number in range(rows)]}
    if not others:
        return {first: pd.Series(place).astype("str") + "_" + pd.Series(place % 97).astype("str")}
    group = [f"case{number // SCAN_ROWS}_day1_slice_{number // 3 % 144:04d}" for number in range(rows)]
    return {first: group, **dict.fromkeys(others, place.tolist())}


def _truth(competition: Competition, rule: Column, random: Random, size: Size) -> Any:  # noqa: ANN401 - cells
    name = competition.metric.name
    if name in ZERO_ONE:
        return random.integers(0, 2, size.rows)
    if name == "f1_point_in_box":
        return groups(random, size.rows, size.parts, BOX)
    if name == "jigsaw_bias_auc":
        return _shares(random, size.rows)
    if name == "top1_error" or (name == "map_at_k" and competition.submission.rows == "exact"):
        size = Size(size.rows, 1)
    return MAKERS[rule.kind](random, size.rows, size.parts, rule)


def _keep_checks(
    competition: Competition, values: dict[str, Any], truth: dict[str, Any], random: Random
) -> None:
    """Makes the values such that the checks of the facts hold."""
    checks = {check.name for check in competition.submission.checks}
    if "rows_sum_to_one" in checks:
        table = np.stack(list(values.values()), axis=1)
        table /= table.sum(axis=1, keepdims=True)
        best = random.integers(0, table.shape[1], len(table))
        for place, name in enumerate(values):
            values[name], truth[name] = table[:, place], (best == place).astype(int)
    if "same_tokens" in checks:
        for name in values:
            values[name] = [" ".join(reversed(cell.split())) for cell in truth[name]]


def _write_sample(path: Path, submission: Path) -> None:
    """The submission once more, packed as the sample is."""
    if path.suffix == ".7z":
        import py7zr

        with py7zr.SevenZipFile(path, "w") as archive:
            archive.write(submission, "sample_submission.csv")
    elif path.suffix == ".zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.write(submission, "sample_submission.csv")
    else:
        shutil.copyfile(submission, path)


def _write_answers(competition: Competition, path: Path, table: pd.DataFrame, random: Random) -> None:
    lacking = [name for name in competition.answers.columns if name not in table]
    for name in lacking:
        table[name] = EXTRAS.get(name, _shares)(random, len(table))
    if METRICS[competition.metric.name].shape == "table":
        table = table[[*competition.submission.ids, *competition.answers.columns]]
    if path.suffix == ".jsonl":
        _write_json_lines(competition, path, table)
    else:
        _write_table(path, table)


def _write_table(path: Path, table: pd.DataFrame) -> None:
    """A table as CSV; Arrow writes it several times faster than pandas."""
    arrow_csv.write_csv(
        pa.Table.from_pandas(table, preserve_index=False),
        path,
        arrow_csv.WriteOptions(quoting_style="needed", quoting_header="needed"),
    )


def _write_json_lines(competition: Competition, path: Path, table: pd.DataFrame) -> None:
    """One object for each question, with its article."""
    ends = competition.answers.suffixes
    id_column = competition.submission.ids[0]
    rows = table.iloc[:: len(ends)].to_dict("records")
    with path.open("wb") as lines:
        for row in rows:
            row[id_column] = str(row[id_column]).removesuffix(ends[0])
            lines.write(orjson.dumps({**row, "document_text": DOCUMENT}) + b"\n")


def _shares(random: Random, rows: int) -> Any:  # noqa: ANN401 - cells
    return random.random(rows)


def _annotations(random: Random, rows: int) -> list[object]:
    starts = random.integers(0, 400, rows)
    return [
        [
            {
                "yes_no_answer": "NONE",
                "long_answer": {"start_token": int(start), "end_token": int(start) + 90},
                "short_answers": [{"start_token": int(start) + 3, "end_token": int(start) + 5}],
            }
        ]
        for start in starts
    ]


EXTRAS: Mapping[str, Callable[[Random, int], Any]] = {
    "Patient": lambda _, rows: [f"P{place // GROUP_ROWS}" for place in range(rows)],
    "StudyInstanceUID": lambda _, rows: [f"S{place // 8}" for place in range(rows)],
    "Weeks": lambda _, rows: [place % GROUP_ROWS for place in range(rows)],
    "annotations": _annotations,
    "class_id": lambda random, rows: random.integers(0, 14, rows),
    "height": lambda _, rows: [10_000] * rows,
    "height_pixels": lambda _, rows: [30_000] * rows,
    "image_height": lambda _, rows: [266] * rows,
    "image_width": lambda _, rows: [266] * rows,
    "keep": lambda random, rows: random.random(rows) < 0.6,
    "prediction_type": lambda _, rows: [
        "patient_overall" if place % 8 == 0 else "C1" for place in range(rows)
    ],
    "type": lambda random, rows: random.choice(np.array(["1JHC", "2JHC", "3JHC", "1JHN"]), rows),
    "u_out": lambda random, rows: random.integers(0, 2, rows),
    "width": lambda _, rows: [10_000] * rows,
    "width_pixels": lambda _, rows: [30_000] * rows,
    "x_max": lambda random, rows: random.uniform(50, 90, rows).round(2),
    "y_max": lambda random, rows: random.uniform(50, 90, rows).round(2),
}
"""Columns of answers that are no prediction, by name."""
