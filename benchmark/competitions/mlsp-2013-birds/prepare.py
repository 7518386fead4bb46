"""Recordings whose labels are public are numbered anew, and every text table follows."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from benchmark.preparation.errors import BadRaw
from benchmark.preparation.files import place
from benchmark.preparation.job import Job
from benchmark.preparation.recipe import facts_of
from benchmark.preparation.split import sampled
from benchmark.preparation.tables import column, read_table, write_table

ESSENTIAL, SUPPLEMENTAL = "essential_data", "supplemental_data"
LABELS = "rec_labels_test_hidden.txt"
PER_RECORDING = {
    f"{ESSENTIAL}/src_wavs": ".wav",
    f"{SUPPLEMENTAL}/filtered_spectrograms": ".bmp",
    f"{SUPPLEMENTAL}/segmentation_examples": ".bmp",
    f"{SUPPLEMENTAL}/spectrograms": ".bmp",
    f"{SUPPLEMENTAL}/supervised_segmentation": ".bmp",
}
"""Folders with one file for a recording, and what the file's name ends in."""
SHARED = (
    f"{ESSENTIAL}/species_list.txt",
    f"{SUPPLEMENTAL}/segment_clusters.bmp",
    f"{SUPPLEMENTAL}/segment_mosaic.bmp",
)
TABLES = ("histogram_of_segments.txt", "segment_features.txt", "segment_rectangles.txt")
FIRST_HEADER = "rec_id,[histogram of segment features]"
"""What upstream writes over all three tables, though only the first is one; data version 2 keeps each
header."""
SPECIES = 19
"""How many species there are; an id is the recording times 100 plus the species."""


def prepare(job: Job) -> None:
    """Writes text tables, recordings, pictures, the answers and the sample submission.

    Its parameter `headers` set to `own` keeps the header line of each text table.

    Raises:
        BenchmarkError: A raw file is missing or has another form.
    """
    old_ids = _labelled(job)
    new_ids = {str(old): new for new, old in enumerate(old_ids)}
    split = job.competition.split
    size = round(len(old_ids) * (split.test_fraction or 0))
    test = sorted(sampled(len(old_ids), size, split.seed or 0).tolist())
    files = _file_names(job, old_ids)
    _write_essential(job, files, test, new_ids)
    for name in TABLES:
        _write_supplemental(job, name, new_ids)
    _place_files(job, files)
    _write_answers(job, test, new_ids)


def _path(job: Job, name: str) -> Path:
    return job.raw.path(f"mlsp_contest_dataset.zip/{name}")


def _labelled(job: Job) -> list[int]:
    """The recordings whose labels are public."""
    path = _path(job, f"{ESSENTIAL}/CVfolds_2.txt")
    folds = read_table(path)
    ids = column(folds, "rec_id", path)[column(folds, "fold", path) == 0].tolist()
    if not ids:
        raise BadRaw(path, "no recording is in fold 0")
    return ids


def _file_names(job: Job, ids: list[int]) -> list[str]:
    path = _path(job, f"{ESSENTIAL}/rec_id2filename.txt")
    table = read_table(path)
    names = dict(zip(column(table, "rec_id", path), column(table, "filename", path), strict=True))
    lacking = [recording for recording in ids if recording not in names]
    if lacking:
        raise BadRaw(path, f"it names no file of recording {lacking[0]}")
    return [str(names[recording]) for recording in ids]


def _write_essential(job: Job, files: list[str], test: list[int], new_ids: Mapping[str, int]) -> None:
    folder = job.public / ESSENTIAL
    held_out = np.isin(np.arange(len(files)), test)
    write_table(
        pd.DataFrame({"rec_id": range(len(files)), "fold": held_out.astype(int)}), folder / "CVfolds_2.txt"
    )
    names = pd.DataFrame({"rec_id": range(len(files)), "filename": files})
    write_table(names, folder / "rec_id2filename.txt")
    header, *_ = _lines(job, f"{ESSENTIAL}/{LABELS}")
    lines = [
        f"{new},?" if new in set(test) else ",".join([str(new), *labels])
        for new, labels in _rekeyed(job, f"{ESSENTIAL}/{LABELS}", new_ids)
    ]
    _write_lines(folder / LABELS, [header, *lines])


def _write_supplemental(job: Job, name: str, new_ids: Mapping[str, int]) -> None:
    header, *_ = _lines(job, f"{SUPPLEMENTAL}/{name}")
    if facts_of(job.competition).params.get("headers") != "own":
        header = FIRST_HEADER
    rows = _rekeyed(job, f"{SUPPLEMENTAL}/{name}", new_ids)
    _write_lines(
        job.public / SUPPLEMENTAL / name, [header, *(",".join([str(new), *row]) for new, row in rows)]
    )


def _place_files(job: Job, files: list[str]) -> None:
    for name in SHARED:
        _place(job, name)
    for folder, suffix in PER_RECORDING.items():
        for file in files:
            name = f"{folder}/{file}{suffix}"
            # Only some recordings have an example of a segmentation.
            if not folder.endswith("examples") or (_path(job, folder) / f"{file}{suffix}").is_file():
                _place(job, name)


def _place(job: Job, name: str) -> None:
    source = _path(job, name)
    place(source, job.public / name, job.raw.movable(source))


def _write_answers(job: Job, test: list[int], new_ids: Mapping[str, int]) -> None:
    heard = dict(_rekeyed(job, f"{ESSENTIAL}/{LABELS}", new_ids))
    lacking = [old for old, new in new_ids.items() if new in test and new not in heard]
    if lacking:
        raise BadRaw(_path(job, f"{ESSENTIAL}/{LABELS}"), f"it has no labels of recording {lacking[0]}")
    rows = [
        (recording * 100 + species, int(str(species) in heard[recording]))
        for recording in test
        for species in range(SPECIES)
    ]
    answers = pd.DataFrame(rows, columns=["Id", "Probability"])
    write_table(answers, job.private / "answers.csv")
    write_table(answers.assign(Probability=0), job.public / "sample_submission.csv")


def _rekeyed(job: Job, name: str, new_ids: Mapping[str, int]) -> Iterator[tuple[int, list[str]]]:
    """The rows of kept recordings under their new ids, without the old one."""
    for line in _lines(job, name)[1:]:
        old, *rest = line.split(",")
        if old in new_ids:
            yield new_ids[old], rest


def _lines(job: Job, name: str) -> list[str]:
    path = _path(job, name)
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise BadRaw(path, f"not a text: {error}") from error
    if not lines:
        raise BadRaw(path, "it is empty")
    return lines


def _write_lines(path: Path, lines: list[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
