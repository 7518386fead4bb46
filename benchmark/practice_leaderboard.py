"""Makes the leaderboards of the practice competitions: `python -m benchmark.practice_leaderboard [ID...]`.

Trains every recipe on the public train set, grades it as any submission, and writes `leaderboard.csv` into
the folder of the competition. The thresholds it prints belong into `competition.yaml`. Takes about two
minutes on two cores.
"""

# scikit-learn ships no types; what leaves this module is typed.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

import csv
import sys
import tempfile
import warnings
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import pandas as pd
import typer
from numpy.typing import NDArray
from sklearn.base import clone
from threadpoolctl import threadpool_limits

from benchmark.competition import Competition
from benchmark.grade import grade
from benchmark.leaderboard import Entry
from benchmark.medals import thresholds
from benchmark.practice_recipes import Recipe, classifiers, regressors
from benchmark.prepare import Prepared, prepare
from benchmark.registry import find, members


def main(
    ids: Annotated[list[str] | None, typer.Argument(help="Practice competitions; all if left out.")] = None,
) -> None:
    """Writes the leaderboards of these competitions, or of all practice competitions."""
    with tempfile.TemporaryDirectory() as data:
        for competition in map(find, ids or members("practice")):
            board = make_board(competition, prepare(competition, Path(data)))
            with (competition.folder / "leaderboard.csv").open("w", encoding="utf-8", newline="") as file:
                rows = csv.writer(file, lineterminator="\n")
                rows.writerow(Entry._fields)
                rows.writerows(board)
            limits = thresholds([entry.score for entry in board], maximize=competition.maximize)
            sys.stdout.write(f"{competition.id}: {len(board)} teams, {limits}\n")


def recipes(competition: Competition) -> tuple[Recipe, ...]:
    """The recipes that fit what the competition asks for."""
    return regressors() if competition.prediction == "number" else classifiers()


def make_board(competition: Competition, folders: Prepared) -> list[Entry]:
    """The whole leaderboard, best first; equal scores in the order of their words."""
    chosen = recipes(competition)
    with ProcessPoolExecutor() as pool:
        scores = list(pool.map(partial(score_recipe, competition, folders), chosen))
    sign = -1 if competition.maximize else 1
    ordered = sorted(zip(scores, chosen, strict=True), key=lambda pair: (sign * pair[0], pair[1].words))
    return [Entry(place, score, recipe.words) for place, (score, recipe) in enumerate(ordered, start=1)]


def score_recipe(competition: Competition, folders: Prepared, recipe: Recipe) -> float:
    """The score that the grader gives to a recipe."""
    train = pd.read_csv(folders.public / competition.files["train"])
    test = pd.read_csv(folders.public / competition.files["test"])
    used = train.head(round(len(train) * recipe.share))
    features = [name for name in test.columns if name != competition.id_column]
    model: Any = clone(recipe.model)
    # One thread each: the pool has a process per core already, and the scores stay the same on any machine.
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # weak on purpose: unfinished training, constant columns
        model.fit(used[features].to_numpy(), used[competition.target].to_numpy())
        predicted = _predict(competition, model, test[features].to_numpy())
    submission = pd.DataFrame(
        {competition.id_column: test[competition.id_column], competition.target: predicted}
    )
    report = grade(submission.to_csv(index=False).encode(), competition, folders.private)
    if report.score is None:
        raise RuntimeError(f"{recipe.words!r} made no valid submission: {report.verdict.message}")
    return report.score


def _predict(competition: Competition, model: Any, features: NDArray[Any]) -> NDArray[Any]:  # noqa: ANN401
    if competition.prediction != "probability":
        return model.predict(features)
    if hasattr(model, "predict_proba"):
        return model.predict_proba(features)[:, 1]
    margins = model.decision_function(features)
    return (margins - margins.min()) / (margins.max() - margins.min())


if __name__ == "__main__":
    typer.run(main)
