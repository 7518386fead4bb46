"""Preparers that no recorded result covers, against scikit-learn's split and rows written out by hand."""

# scikit-learn ships no types.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportArgumentType=false

import json
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sklearn.model_selection import train_test_split

from benchmark.preparation.recipe import predicted
from benchmark.prepare import Options, Prepared, prepare
from benchmark.registry import find

Rows = list[dict[str, str]]


def prepared_from(name: str, folder: Path) -> Prepared:
    return prepare(find(name), folder / "data", Options(raw=folder / "raw"))


def write_files(folder: Path, files: Mapping[str, bytes | str]) -> None:
    for name, content in files.items():
        path = folder / "raw" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)


def write_zip(folder: Path, name: str, files: Mapping[str, bytes | str]) -> None:
    path = folder / "raw" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as opened:
        for inner, content in files.items():
            opened.writestr(inner, content)


def csv_of(rows: Sequence[Mapping[str, object]]) -> str:
    return pd.DataFrame(rows).to_csv(index=False)


def rows_in(path: Path) -> Rows:
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    return [{str(name): str(cell) for name, cell in row.items()} for row in table.to_dict("records")]


def texts(rows: Sequence[Mapping[str, object]]) -> Rows:
    return [{name: str(value) for name, value in row.items()} for row in rows]


def split(rows: Sequence[Any], share: float = 0.1) -> tuple[list[Any], list[Any]]:
    train, test = train_test_split(list(rows), test_size=share, random_state=0)
    return list(train), list(test)


def files_in(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def test_dogs_vs_cats(tmp_path: Path) -> None:
    names = sorted(f"{kind}.{number}.jpg" for kind in ("cat", "dog") for number in range(21))
    write_zip(tmp_path, "train.zip", {f"train/{name}": f"picture of {name}" for name in names})
    write_zip(tmp_path, "test.zip", {"test/1.jpg": "hidden"})
    folders = prepared_from("dogs-vs-cats-redux-kernels-edition", tmp_path)
    train, test = split(names)
    counts = {"cat": 0, "dog": 0}
    expected: dict[str, bytes] = {}
    for name in train:
        kind = name[:3]
        expected[f"train/{kind}.{counts[kind]}.jpg"] = f"picture of {name}".encode()
        counts[kind] += 1
    expected |= {f"test/{place}.jpg": f"picture of {name}".encode() for place, name in enumerate(test, 1)}
    found = files_in(folders.public)
    assert {name: content for name, content in found.items() if name.endswith(".jpg")} == expected
    for side in ("train", "test"):
        with zipfile.ZipFile(folders.public / f"{side}.zip") as opened:
            packed = {f"{side}/{name}": opened.read(name) for name in opened.namelist()}
        assert packed == {name: content for name, content in expected.items() if name.startswith(side)}
    answers = [{"id": str(place), "label": str(int(name[:3] == "dog"))} for place, name in enumerate(test, 1)]
    assert rows_in(folders.private / "answers.csv") == answers
    assert rows_in(folders.public / "sample_submission.csv") == [row | {"label": "0.5"} for row in answers]


@pytest.mark.parametrize("by_hand", [False, True])
def test_leaves(tmp_path: Path, by_hand: bool) -> None:
    classes = predicted(find("leaf-classification"))
    rows = [{"id": 3 * n + 1, "species": classes[(7 * n) % 99], "margin1": n / 7} for n in range(31)]
    pictures = {f"images/{n}.jpg": f"leaf {n}" for n in range(100)}
    if by_hand:
        write_files(tmp_path, {"train.csv": csv_of(rows), **pictures})
    else:
        write_zip(tmp_path, "train.csv.zip", {"train.csv": csv_of(rows)})
        write_zip(tmp_path, "images.zip", pictures)
    folders = prepared_from("leaf-classification", tmp_path)
    train, test = split(rows)
    assert rows_in(folders.public / "train.csv") == texts(train)
    assert rows_in(folders.public / "test.csv") == texts(
        [{"id": r["id"], "margin1": r["margin1"]} for r in test]
    )
    one_hot = [{"id": r["id"]} | {name: int(name == r["species"]) for name in classes} for r in test]
    assert rows_in(folders.private / "test.csv") == texts(one_hot)
    constant = dict.fromkeys(classes, 0.010101010101010102)
    sample = texts([{"id": r["id"], **constant} for r in test])
    assert rows_in(folders.public / "sample_submission.csv") == sample
    found = {path.name: path.read_text() for path in (folders.public / "images").iterdir()}
    assert found == {f"{row['id']}.jpg": f"leaf {row['id']}" for row in rows}
    assert list((folders.private / "images").iterdir()) == []


def test_transparent_conductors(tmp_path: Path) -> None:
    targets = ("formation_energy_ev_natom", "bandgap_energy_ev")
    rows = [
        {"id": n, "spacegroup": n % 7, "lattice": n / 3, targets[0]: n / 9, targets[1]: n / 11}
        for n in range(1, 42)
    ]
    write_zip(tmp_path, "train.csv.zip", {"train.csv": csv_of(rows)})
    geometry = {f"train/{n}/geometry.xyz": f"atoms of {n}" for n in range(1, 42)}
    write_zip(tmp_path, "train.zip", geometry)
    folders = prepared_from("nomad2018-predict-transparent-conductors", tmp_path)
    for side, half in zip(("train", "test"), split(rows), strict=True):
        renamed = [row | {"id": place} for place, row in enumerate(half, 1)]
        shown = (
            renamed
            if side == "train"
            else [{k: v for k, v in r.items() if k not in targets} for r in renamed]
        )
        assert rows_in(folders.public / f"{side}.csv") == texts(shown)
        for place, row in enumerate(half, 1):
            text = (folders.public / side / str(place) / "geometry.xyz").read_text()
            assert text == f"atoms of {row['id']}"
        assert len(list((folders.public / side).iterdir())) == len(half)
    test = split(rows)[1]
    assert rows_in(folders.private / "test.csv") == texts([r | {"id": n} for n, r in enumerate(test, 1)])
    sample = [{"id": n, targets[0]: 0.1779, targets[1]: 1.8892} for n in range(1, len(test) + 1)]
    assert rows_in(folders.public / "sample_submission.csv") == texts(sample)


def test_plant_pathology_2020(tmp_path: Path) -> None:
    labels = ("healthy", "multiple_diseases", "rust", "scab")
    rows = [
        {"image_id": f"Train_{n}"} | {name: int(n % 4 == k) for k, name in enumerate(labels)}
        for n in range(33)
    ]
    pictures = {f"images/Train_{n}.jpg": f"leaf {n}" for n in range(33)} | {"images/Test_0.jpg": "hidden"}
    write_files(tmp_path, {"train.csv": csv_of(rows), **pictures})
    folders = prepared_from("plant-pathology-2020-fgvc7", tmp_path)
    halves = split(rows)
    new = [
        [r | {"image_id": f"{side}_{n}"} for n, r in enumerate(half)]
        for side, half in zip(("Train", "Test"), halves, strict=True)
    ]
    assert rows_in(folders.public / "train.csv") == texts(new[0])
    assert rows_in(folders.private / "test.csv") == texts(new[1])
    assert rows_in(folders.public / "test.csv") == [{"image_id": r["image_id"]} for r in new[1]]
    sample = [{"image_id": r["image_id"], **dict.fromkeys(labels, 0.25)} for r in new[1]]
    assert rows_in(folders.public / "sample_submission.csv") == texts(sample)
    expected = {
        f"{after['image_id']}.jpg": f"leaf {before['image_id'][6:]}"
        for renamed, half in zip(new, halves, strict=True)
        for after, before in zip(renamed, half, strict=True)
    }
    assert {path.name: path.read_text() for path in (folders.public / "images").iterdir()} == expected


def test_pizza(tmp_path: Path) -> None:
    train = [
        {
            "giver_username_if_known": f"g{n}",
            "request_id": f"t3_{n}",
            "text": f"é {n}",
            "late": n,
            "requester_received_pizza": n % 3 == 0,
        }
        for n in range(40)
    ]
    fields = ("text", "giver_username_if_known", "request_id")
    original_test = [{name: train[n][name] for name in fields} for n in range(16)]
    write_files(tmp_path, {"train.json": json.dumps(train), "test.json": json.dumps(original_test)})
    folders = prepared_from("random-acts-of-pizza", tmp_path)
    new_train, new_test = split(train, 16 / 56)
    assert json.loads((folders.public / "train.json").read_bytes()) == new_train
    shown = json.loads((folders.public / "test.json").read_bytes())
    assert [list(record.items()) for record in shown] == [[(f, r[f]) for f in fields] for r in new_test]
    for side in ("train", "test"):
        with zipfile.ZipFile(folders.public / f"{side}.zip") as opened:
            assert opened.namelist() == [f"{side}.json"]
            assert opened.read(f"{side}.json") == (folders.public / f"{side}.json").read_bytes()
    label = "requester_received_pizza"
    answers = texts([{"request_id": r["request_id"], label: int(r[label])} for r in new_test])
    assert rows_in(folders.private / "test.csv") == answers
    assert rows_in(folders.public / "sampleSubmission.csv") == [row | {label: "0"} for row in answers]


def test_catheters(tmp_path: Path) -> None:
    competition = find("ranzcr-clip-catheter-line-classification")
    graded = competition.submission.listed
    labels = (*graded, "CVC - Normal", "Swan Ganz Catheter Present")
    rows = [
        {"StudyInstanceUID": f"1.2.{n}"}
        | {name: (n + k) % 2 for k, name in enumerate(labels)}
        | {"PatientID": f"p{n // 3}"}
        for n in range(45)
    ]
    notes = [
        {"StudyInstanceUID": f"1.2.{n % 45}", "label": labels[n % 11], "data": f"[[{n}, 1], [2, 3]]"}
        for n in range(99)
    ]
    pictures = {f"train/1.2.{n}.jpg": f"chest {n}" for n in range(45)}
    write_files(tmp_path, {"train.csv": csv_of(rows), "train_annotations.csv": csv_of(notes), **pictures})
    folders = prepared_from(competition.id, tmp_path)
    train, test = split(rows)
    assert rows_in(folders.public / "train.csv") == texts(train)
    assert rows_in(folders.private / "test.csv") == texts(test)
    there = {row["StudyInstanceUID"] for row in train}
    kept = texts([note for note in notes if note["StudyInstanceUID"] in there])
    assert rows_in(folders.public / "train_annotations.csv") == kept
    sample = [{"StudyInstanceUID": row["StudyInstanceUID"], **dict.fromkeys(graded, 0)} for row in test]
    assert rows_in(folders.public / "sample_submission.csv") == texts(sample)
    for side, half in (("train", train), ("test", test)):
        found = {path.name: path.read_text() for path in (folders.public / side).iterdir()}
        assert found == {f"{r['StudyInstanceUID']}.jpg": f"chest {r['StudyInstanceUID'][4:]}" for r in half}
    assert not (folders.public / "test.csv").exists()


def test_enzymes(tmp_path: Path) -> None:
    rows = [{"id": n, "BertzCT": n / 7} | {f"EC{k}": (n + k) % 2 for k in range(1, 7)} for n in range(52)]
    write_files(tmp_path, {"train.csv": csv_of(rows)})
    folders = prepared_from("playground-series-s3e18", tmp_path)
    train, test = split(rows)
    assert rows_in(folders.public / "train.csv") == texts(train)
    assert rows_in(folders.private / "test.csv") == texts(test)
    assert rows_in(folders.public / "test.csv") == texts(
        [{"id": r["id"], "BertzCT": r["BertzCT"]} for r in test]
    )
    sample = texts([{"id": r["id"], "EC1": 0.5, "EC2": 0.5} for r in test])
    assert rows_in(folders.public / "sample_submission.csv") == sample


def test_russian_text(tmp_path: Path) -> None:
    rows = [
        {
            "sentence_id": (17 * (n // 3)) % 40,
            "token_id": n % 3,
            "class": "PLAIN",
            "before": f"сло{n}",
            "after": f"слово {n}",
        }
        for n in range(60)
    ]
    write_zip(tmp_path, "ru_train.csv.zip", {"ru_train.csv": csv_of(rows)})
    folders = prepared_from("text-normalization-challenge-russian-language", tmp_path)
    train_ids, test_ids = split(list(dict.fromkeys(row["sentence_id"] for row in rows)))
    parts = []
    for ids in (train_ids, test_ids):
        half = [row for row in rows if row["sentence_id"] in ids]
        new = {old: place for place, old in enumerate(dict.fromkeys(row["sentence_id"] for row in half))}
        parts.append([row | {"sentence_id": new[row["sentence_id"]]} for row in half])
    with zipfile.ZipFile(folders.public / "ru_train.csv.zip") as opened:
        text = opened.read("ru_train.csv").decode()
    head = '"sentence_id","token_id","class","before","after"\n'
    lines = [f'{r["sentence_id"]},{r["token_id"]},"PLAIN","{r["before"]}","{r["after"]}"\n' for r in parts[0]]
    assert text == head + "".join(lines)
    ids = [f"{row['sentence_id']}_{row['token_id']}" for row in parts[1]]
    answers = [f'"{name}","{row["after"]}"\n' for name, row in zip(ids, parts[1], strict=True)]
    assert (folders.private / "answers.csv").read_text() == '"id","after"\n' + "".join(answers)
    sample = [f'"{name}","{row["before"]}"\n' for name, row in zip(ids, parts[1], strict=True)]
    assert (folders.private / "sample_submission.csv").read_text() == '"id","after"\n' + "".join(sample)
    with zipfile.ZipFile(folders.public / "ru_sample_submission_2.csv.zip") as opened:
        assert opened.read("ru_sample_submission_2.csv").decode() == '"id","after"\n' + "".join(sample)
    with zipfile.ZipFile(folders.public / "ru_test_2.csv.zip") as opened:
        shown = [f'{r["sentence_id"]},{r["token_id"]},"{r["before"]}"\n' for r in parts[1]]
        assert opened.read("ru_test_2.csv").decode() == '"sentence_id","token_id","before"\n' + "".join(shown)
