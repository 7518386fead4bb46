"""Clips are split by day; their names carry the time, the class and a number, and are rewritten."""

import re

import numpy as np
import pandas as pd

from benchmark.preparation.errors import BadRaw
from benchmark.preparation.job import Job
from benchmark.preparation.media import place_media
from benchmark.preparation.recipe import facts_of, read_source
from benchmark.preparation.tables import write_table

_NAME = re.compile(r"(?P<before>(?P<day>\d{8})_.*_)TRAIN\d+(?P<class>_(?P<label>[01])\.aif)")


def prepare(job: Job) -> None:
    """Writes the clips, the answers and the sample submission.

    Its parameter `anonymous` asks for test names that do not tell when a clip was recorded.

    Raises:
        BadRaw: A clip has a name of another form, or there are not four days.
    """
    clips = read_source(job)
    parts = clips["name"].str.extract(_NAME)
    if parts["day"].isna().any():
        raise BadRaw(
            "train2.zip", f"the clip {clips['name'][parts['day'].isna()].iloc[0]!r} has no day or class"
        )
    days = sorted(set(parts["day"]))
    if len(days) != 4:
        raise BadRaw("train2.zip", f"clips of {len(days)} days, not of 4")
    is_train = parts["day"].isin(days[:2])
    train, test = clips[is_train], clips[~is_train]
    seed = job.competition.split.seed if facts_of(job.competition).params.get("anonymous") else None
    train_names = parts["before"][is_train] + "TRAIN" + _numbers(train) + parts["class"][is_train]
    test_names = _test_names(test, parts["before"][~is_train], seed)
    place_media(job, "train2.zip/{name}", train, "train2.zip/train2/{file}", train.assign(file=train_names))
    place_media(job, "train2.zip/{name}", test, "test2.zip/test2/{file}", test.assign(file=test_names))
    answers = pd.DataFrame({"clip": test_names, "probability": parts["label"][~is_train].astype(int)})
    if seed is not None:
        answers = answers.sort_values("clip")
    write_table(answers, job.private / "test.csv")
    write_table(answers.assign(probability=0), job.public / "sampleSubmission.csv")


def _numbers(clips: pd.DataFrame) -> "pd.Series[str]":
    return pd.Series(range(len(clips)), index=clips.index).astype(str)


def _test_names(clips: pd.DataFrame, before: "pd.Series[str]", seed: int | None) -> "pd.Series[str]":
    if seed is None:
        return before + "Test" + _numbers(clips) + ".aif"
    order = np.random.RandomState(seed).permutation(len(clips))
    return "Test" + pd.Series(order, index=clips.index).astype(str).str.zfill(5) + ".aif"
