"""MD5 sums that MLE-bench recorded of real tables, met without the real data.

Some tables follow from how many rows there are: the right count, seed, share, order and text give the very
bytes.
"""

import hashlib
import io
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmark.preparation.checksums import recorded
from benchmark.preparation.split import shuffled
from benchmark.prepare import Options, prepare
from benchmark.registry import find

Files = Mapping[str, bytes]


def table(count: int, first: int = 0, sep: str = ",", **constants: object) -> bytes:
    """Rows numbered from `first` in a column `id`, and constants beside."""
    return (
        pd.DataFrame({"id": range(first, first + count), **constants}).to_csv(index=False, sep=sep).encode()
    )


def enzymes(count: int) -> Files:
    return {"train.csv": table(count, EC1=0, EC2=0, EC3=0, EC4=0, EC5=0, EC6=0)}


def playground(count: int) -> Files:
    return {"train.csv": table(count, target=0)}


def phrases(count: int) -> Files:
    rows = table(count, 1, "\t", Sentiment=0).replace(b"id", b"PhraseId", 1)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as opened:
        opened.writestr("train.tsv", rows)
    return {"train.tsv.zip": out.getvalue()}


def leaves(count: int) -> Files:
    names = [f"Train_{number}" for number in range(count)]
    labels = dict.fromkeys(("healthy", "multiple_diseases", "rust", "scab"), 0)
    rows = pd.DataFrame({"image_id": names, **labels}).to_csv(index=False).encode()
    return {"train.csv": rows} | {f"images/{name}.jpg": b"" for name in names}


def conductors(count: int) -> Files:
    rows = table(count, 1, formation_energy_ev_natom=0, bandgap_energy_ev=0)
    return {"train.csv": rows} | {f"train/{n}/geometry.xyz": b"" for n in range(1, count + 1)}


def speech(count: int) -> Files:
    held_out = 451_552  # rows of the original test set, whose share the new one has
    arrays = {
        "train_11": np.zeros((count, 1), dtype=np.float32),
        "train_label_11": np.full(count, "0"),
        "test_11": np.zeros((held_out, 1), dtype=np.float32),
    }
    out: dict[str, bytes] = {}
    for name, array in arrays.items():
        content = io.BytesIO()
        np.save(content, array)
        out[f"timit_11/timit_11/{name}.npy"] = content.getvalue()
    return out


@pytest.mark.parametrize(
    ("name", "raw", "count", "files"),
    [
        ("playground-series-s3e18", enzymes, 14_838, {"public/sample_submission.csv"}),
        ("tabular-playground-series-may-2022", playground, 900_000, {"public/sample_submission.csv"}),
        ("movie-review-sentiment-analysis-kernels-only", phrases, 156_060, {"public/sampleSubmission.csv"}),
        (
            "plant-pathology-2020-fgvc7",
            leaves,
            1821,
            {"public/sample_submission.csv", "public/test.csv"},
        ),
        ("nomad2018-predict-transparent-conductors", conductors, 2400, {"public/sample_submission.csv"}),
        ("ml2021spring-hw2", speech, 1_229_932, {"public/sampleSubmission.csv"}),
    ],
)
def test_so_many_rows_give_the_recorded_tables(
    name: str, raw: Callable[[int], Files], count: int, files: set[str], tmp_path: Path
) -> None:
    for file, content in raw(count).items():
        path = tmp_path / "raw" / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    manifest = prepare(find(name), tmp_path / "data", Options(raw=tmp_path / "raw")).manifest
    assert manifest is not None
    assert {check.file for check in manifest.tables if check.verdict == "same"} == files


def test_so_many_photos_give_the_recorded_answers() -> None:
    """The rule alone: 25,000 photos take long, and a few of them are prepared in another test."""
    record = recorded(find("dogs-vs-cats-redux-kernels-edition"))
    names = sorted(f"{kind}.{number}.jpg" for kind in ("cat", "dog") for number in range(12_500))
    places: list[int] = shuffled(len(names), seed=0, test=0.1).test.tolist()
    test = [names[place] for place in places]
    answers = "id,label\n" + "".join(f"{n},{int(name[0] == 'd')}\n" for n, name in enumerate(test, start=1))
    assert hashlib.md5(answers.encode(), usedforsecurity=False).hexdigest() == record.private["answers.csv"]
