"""Data version 2: what it changes, on the same raw data, and that it stays apart from version 1."""

import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmark.competition import Rewording
from benchmark.descriptions import problems
from benchmark.errors import BadCompetition
from benchmark.preparation.errors import OtherVersion
from benchmark.preparation.tfrecords import records, texts_of
from benchmark.prepare import DESCRIPTION, Options, Prepared, prepare, prepared
from benchmark.registry import COMPETITIONS, all_ids, find
from benchmark.versions import CHANGES, NoSuchVersion, at_version
from tests.benchmark.preparation.describing import describe_tree, differences
from tests.benchmark.preparation.test_golden import expected_of, raw_of

WITH_CHANGES = sorted(path.parent.name for path in COMPETITIONS.glob(f"*/{CHANGES}"))


def second(name: str, folder: Path) -> Prepared:
    raw = folder / "raw"
    if not raw.exists():
        raw_of(name, raw)
    return prepare(at_version(find(name), 2), folder / "data", Options(raw=raw))


def table(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, dtype=str, keep_default_na=False, sep="\t" if ".tsv" in path.name else ",")


@pytest.mark.parametrize("name", WITH_CHANGES)
def test_changes_are_said_in_words_and_hold_together(name: str) -> None:
    first, changed = find(name), at_version(find(name), 2)
    assert first.version_2
    assert changed.data_version == 2
    assert ("split" in {change.of for change in first.version_2}) == (
        changed.split.model_dump(exclude={"seed"}) != first.split.model_dump(exclude={"seed"})
    )
    graded = (changed.metric, changed.submission) != (first.metric, first.submission)
    assert ("metric" in {change.of for change in first.version_2}) == graded
    words = first.version_2[0].what
    assert words in changed.description()
    assert words in changed.description(obfuscated=True)
    assert words not in first.description()


@pytest.mark.parametrize("name", WITH_CHANGES)
def test_descriptions_tell_the_task_of_version_2(name: str) -> None:
    changed = at_version(find(name), 2)
    assert problems(changed) == ()
    for hidden in (False, True):
        text = changed.description(hidden)
        assert [one.new for one in changed.rewordings if one.new not in text] == []
        assert max(map(len, text.splitlines())) < 400


def test_what_is_to_be_replaced_must_be_there() -> None:
    changed = at_version(find("spaceship-titanic"), 2)
    wrong = [Rewording.model_validate({"from": old, "to": ""}) for old in ("of nowhere", "passengers")]
    found = problems(changed.model_copy(update={"rewordings": tuple(wrong)}))
    assert len([problem for problem in found if "stands there" in problem]) == 4


def test_every_change_in_words_is_one_of_the_facts() -> None:
    assert [name for name in all_ids() if find(name).version_2] == WITH_CHANGES


def test_a_competition_without_changes_has_one_version(tmp_path: Path) -> None:
    with pytest.raises(NoSuchVersion, match="use version 1"):
        at_version(find("practice-digits"), 2)
    (tmp_path / CHANGES).write_text("metric: {name: nonsense}\n")
    (tmp_path / "competition.yaml").write_text(
        (find("practice-digits").folder / "competition.yaml").read_text()
    )
    with pytest.raises(BadCompetition, match="no metric is called 'nonsense'"):
        at_version(find("practice-digits").model_copy(update={"folder": tmp_path}), 2)


def test_the_versions_lie_apart(tmp_path: Path) -> None:
    name = "movie-review-sentiment-analysis-kernels-only"
    raw = raw_of(name, tmp_path / "raw")
    first = prepare(find(name), tmp_path / "data", Options(raw=raw))
    other = second(name, tmp_path)
    assert first.public == tmp_path / "data" / name / "prepared" / "public"
    assert other.public == tmp_path / "data" / "v2" / name / "prepared" / "public"
    assert first.digest != other.digest
    assert other.manifest is not None
    assert (other.manifest.data_version, other.manifest.tables) == (2, ())
    train, test = table_in(other.public / "train.tsv.zip"), table_in(other.public / "test.tsv.zip")
    assert not set(train["SentenceId"]) & set(test["SentenceId"])
    assert len(train) + len(test) == len(table_in(raw / "train.tsv.zip"))


def test_data_of_another_version_are_refused(tmp_path: Path) -> None:
    """Neither taken for those of this version nor written over by them."""
    name = "spaceship-titanic"
    other = second(name, tmp_path)
    before = describe_tree(other.public)
    for take in (prepared, prepare):
        with pytest.raises(OtherVersion, match="holds data version 2, not 1"):
            take(find(name), tmp_path / "data" / "v2")
    assert describe_tree(other.public) == before


def table_in(archive: Path) -> pd.DataFrame:
    with zipfile.ZipFile(archive) as opened:
        content = opened.read(opened.namelist()[0])
    separator = "\t" if ".tsv" in archive.name else ","
    return pd.read_csv(io.BytesIO(content), dtype=str, keep_default_na=False, sep=separator)


def test_pictures_of_invasive_species(tmp_path: Path) -> None:
    name = "invasive-species-monitoring"
    folders = second(name, tmp_path)
    expected = expected_of(name)
    public = describe_tree(folders.public)
    del public[DESCRIPTION]
    assert differences(expected["public"] | expected["fixed"], public) == []
    assert differences(expected["private"], describe_tree(folders.private)) == []


def test_groups_of_passengers(tmp_path: Path) -> None:
    folders = second("spaceship-titanic", tmp_path)
    groups = [set(table(folders.public / f"{side}.csv")["PassengerId"].str[:4]) for side in ("train", "test")]
    assert groups[0] and groups[1] and not groups[0] & groups[1]


def test_records_without_a_target(tmp_path: Path) -> None:
    name = "siim-isic-melanoma-classification"
    folders = second(name, tmp_path)
    test = sorted(table(folders.public / "test.csv")["image_name"])
    for side, holds in (("train", True), ("test", False)):
        for path in sorted((folders.public / "tfrecords").glob(f"{side}*")):
            assert all((b"target" in message) == holds for message in records(path))
    held = [n for path in (folders.public / "tfrecords").glob("test*") for n in texts_of(path, "image_name")]
    assert sorted(held) == test


def test_clips_without_a_time(tmp_path: Path) -> None:
    name = "the-icml-2013-whale-challenge-right-whale-redux"
    raw_of(name, tmp_path / "raw")
    first, other = (
        prepare(find(name), tmp_path / "data", Options(raw=tmp_path / "raw")),
        second(name, tmp_path),
    )
    names = table(other.private / "test.csv")["clip"].tolist()
    assert names == [f"Test{number:05d}.aif" for number in range(len(names))]
    clips: list[set[tuple[bytes, str]]] = []
    for folders in (first, other):
        answers = table(folders.private / "test.csv").set_index("clip")["probability"]
        with zipfile.ZipFile(folders.public / "test2.zip") as opened:
            clips.append({(opened.read(f"test2/{clip}"), str(label)) for clip, label in answers.items()})
    assert clips[0] == clips[1]


def test_tokens_that_look_missing(tmp_path: Path) -> None:
    folders = second("text-normalization-challenge-english-language", tmp_path)
    train = table_in(folders.public / "en_train.csv.zip")
    assert {"NA", "nan"} <= set(train["before"])


def test_headers_of_birds(tmp_path: Path) -> None:
    folders = second("mlsp-2013-birds", tmp_path)
    with zipfile.ZipFile(tmp_path / "raw" / "mlsp_contest_dataset.zip") as raw:
        for name in ("histogram_of_segments", "segment_features", "segment_rectangles"):
            path = f"supplemental_data/{name}.txt"
            first = raw.read(f"mlsp_contest_dataset/{path}").split(b"\n")[0]
            assert (folders.public / path).read_bytes().split(b"\n")[0] == first


def test_whole_utterances(tmp_path: Path) -> None:
    """Windows of three numbers a frame; utterances of 5 to 24 frames, padded at their ends."""
    random = np.random.RandomState(0)
    spoken = [random.rand(random.randint(5, 25), 3).astype("float32") for _ in range(40)]
    padded = [np.pad(frames, ((5, 5), (0, 0)), mode="edge") for frames in spoken]
    rows = np.concatenate(
        [np.stack([frames[at : at + 11].ravel() for at in range(len(frames) - 10)]) for frames in padded]
    )
    owner = np.repeat(np.arange(40), [len(frames) for frames in spoken])
    folder = tmp_path / "raw" / "timit_11" / "timit_11"
    folder.mkdir(parents=True)
    np.save(folder / "train_11.npy", rows)
    np.save(folder / "train_label_11.npy", owner.astype(str))
    np.save(folder / "test_11.npy", rows[: len(rows) // 4])
    folders = second("ml2021spring-hw2", tmp_path)
    public = folders.public / "timit_11" / "timit_11"
    train = set(np.load(public / "train_label_11.npy").tolist())
    answers = table(folders.private / "answers.csv")
    assert not train & set(answers["ClassId"])
    assert train | set(answers["ClassId"]) == {str(number) for number in range(40)}
    assert abs(len(answers) / len(rows) - 0.2) < 0.05
    test = np.load(public / "test_11.npy")
    assert np.array_equal(test, rows[np.isin(owner, answers["ClassId"].astype(int))])


def test_the_outcome_of_pizza_is_not_given_away(tmp_path: Path) -> None:
    rows = [
        {"request_id": str(n), "giver_username_if_known": "g", "requester_received_pizza": True}
        for n in range(9)
    ]
    shown = [{name: row[name] for name in ("request_id", "giver_username_if_known")} for row in rows[:3]]
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "train.json").write_text(json.dumps(rows))
    (tmp_path / "raw" / "test.json").write_text(json.dumps(shown))
    folders = second("random-acts-of-pizza", tmp_path)
    for side in ("train", "test"):
        assert b"giver_username" not in (folders.public / f"{side}.json").read_bytes()


def test_patients_and_all_labels_of_catheters(tmp_path: Path) -> None:
    name = "ranzcr-clip-catheter-line-classification"
    labels = at_version(find(name), 2).submission.listed
    assert len(labels) == 11
    rows = pd.DataFrame({"StudyInstanceUID": [f"s{n}" for n in range(60)], **dict.fromkeys(labels, 0)})
    rows["PatientID"] = [f"p{n % 17}" for n in range(60)]
    raw = tmp_path / "raw"
    (raw / "train").mkdir(parents=True)
    rows.to_csv(raw / "train.csv", index=False)
    rows[["StudyInstanceUID"]].to_csv(raw / "train_annotations.csv", index=False)
    for study in rows["StudyInstanceUID"]:
        (raw / "train" / f"{study}.jpg").write_text(study)
    folders = second(name, tmp_path)
    patients = [
        set(table(path)["PatientID"]) for path in (folders.public / "train.csv", folders.private / "test.csv")
    ]
    assert patients[0] and patients[1] and not patients[0] & patients[1]
    sample = table(folders.public / "sample_submission.csv")
    assert list(sample.columns) == ["StudyInstanceUID", *labels]
