"""`Tiny`: the cheapest agent that still uses everything, for tests of what is around an agent.

Its guesses are drawn from a file to which each step appends what its model said, so that an effect that is
lost, or happens twice, shows in the grade.
"""

import hashlib

from pydantic import BaseModel, ConfigDict, Field

from scaffolds.aide.scaffold import Aide, AideConfig
from scaffolds.markdown import fenced
from scaffolds.messages import Message
from scaffolds.models.offline import catalog
from scaffolds.models.offline.scripts import environment
from scaffolds.models.registry import connect
from scaffolds.run import Outcome, Run

_GUESS = """
import csv, hashlib, random
from pathlib import Path

rng = random.Random(hashlib.sha256(Path("../said.txt").read_bytes()).hexdigest())
draw = {
    "class": lambda sample: rng.randrange(10),
    "probability": lambda sample: rng.random(),
    "number": lambda sample: float(sample) * rng.uniform(0.5, 1.5),
}[Path("../kind.txt").read_text()]
with open("input/sample_submission.csv") as samples, open("submission.csv", "w", newline="") as file:
    header, *rows = csv.reader(samples)
    csv.writer(file).writerows([header, *([row[0], draw(row[1])] for row in rows)])
print(len(rows), "rows guessed")
"""

# What every cell needs is read once, by the process that forks them.
connect("offline/tabular")
for table in (catalog.families, catalog.scalings, catalog.features, catalog.metrics):
    table()
for name in environment().list_templates(extensions=["j2"]):
    environment().get_template(name)


class TinyConfig(BaseModel):
    """Settings of `Tiny`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    aide_share: float = Field(0.0, ge=0, le=1)
    """Share of the seeds at which AIDE does the work instead."""


class Tiny:
    """Ask and append for as many steps as there are, then guess, submit and check."""

    name = "tiny"
    version = "1"
    Config = TinyConfig

    def __init__(self, config: TinyConfig) -> None:
        self._config = config

    def run(self, run: Run) -> Outcome:
        """See `Scaffold.run`."""
        if run.rng.random() < self._config.aide_share:
            return Aide(AideConfig.model_validate({"num_drafts": 1})).run(run)
        run.call("write_file", path="kind.txt", content=run.task.card.prediction)
        while run.budget.left().steps != 0:
            _listen(run, run.budget.take_step())
        run.call("run_script", code=_GUESS, dir="guess", timeout=60)
        run.call("shell", command="mv guess/submission.csv ../submission/submission.csv", timeout=60)
        verdict = run.call("validate_submission", path="../submission/submission.csv")
        return Outcome(verdict.text)


def _listen(run: Run, step: int) -> None:
    prompt = f"Step {step}\n{fenced(run.task.card.render(), 'yaml')}"
    said = run.ask([Message("user", prompt)]).text
    digest = hashlib.sha256(said.encode()).hexdigest()
    done = run.call("shell", command=f"echo {digest} >> said.txt", timeout=60)
    run.note("tiny.node", id=step, status="ok" if done.ok else "failed")
