"""Small scaffolds that do one peculiar thing each."""

import os
import signal
import sys
import time

from pydantic import BaseModel, ConfigDict

from scaffolds.run import Outcome, Run

_COPY = "cp ~/data/sample_submission.csv ~/submission/submission.csv"


class NoConfig(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Agent:
    name = "agent"
    version = "1"
    Config = NoConfig

    def __init__(self, config: NoConfig) -> None:
        del config


class Hangs(_Agent):
    """Submits, and then does nothing for ever: no limit inside the run can see it."""

    def run(self, run: Run) -> Outcome:
        run.call("shell", command=_COPY)
        while True:
            time.sleep(1)


class Spoils(_Agent):
    """Submits two well-formed files, and then breaks the second."""

    def run(self, run: Run) -> Outcome:
        run.call("shell", command=_COPY)
        run.call("shell", command="sed -i '2s/,.*/,123.5/' ~/submission/submission.csv")
        run.call("shell", command="echo nonsense > ~/submission/submission.csv")
        return Outcome("spoilt")


class Looks(_Agent):
    """Notes what it can see and do."""

    def run(self, run: Run) -> Outcome:
        seen = run.call("shell", command="cat ~/data/description.md").text
        mounts = run.call("shell", command="cat /proc/self/mountinfo; readlink -f ~/data; pwd -P").text
        cards = run.call("shell", command="echo ${CUDA_VISIBLE_DEVICES:-none}").text
        checked = run.call("validate_submission", path="x.csv").text
        run.note(
            "looks.seen",
            description=seen,
            told=run.task.description,
            tools=" ".join(sorted(run.tools)),
            checked=checked,
            mounts=mounts,
            cards=cards,
        )
        return Outcome("looked")


class Raises(_Agent):
    """Has a bug."""

    def run(self, run: Run) -> Outcome:
        raise ZeroDivisionError("the agent's own fault")


class Exits(_Agent):
    """Ends as a program does."""

    def run(self, run: Run) -> Outcome:
        sys.exit("the agent's own end")


class ReturnsNothing(_Agent):
    """Forgets its outcome."""

    def run(self, run: Run) -> Outcome:
        return None  # pyright: ignore[reportReturnType] - that is its fault


class NotesNonsense(_Agent):
    """Notes what is no JSON."""

    def run(self, run: Run) -> Outcome:
        run.note("agent.noted", thing=object())  # pyright: ignore[reportArgumentType] - that is its fault
        return Outcome("noted")


class Odd(_Agent):
    """Notes nodes as they should not be, beside one that is as it should."""

    def run(self, run: Run) -> Outcome:
        run.note("agent.node", id=1, parents=[], operator="draft", status="ok", score=0.5, code="x" * 2000)
        run.note("agent.node", id=2, parents=[7, 2, "1"], operator="stray", status="ok", score="high")
        run.note("agent.node", id=1, operator="twin")
        run.note("agent.node", id=[3], parents=4)
        run.note("agent.node", words="no number")
        run.note("agent.pick", node=[1], score="best")
        return Outcome("an odd end")


class Kills(_Agent):
    """Ends its own process, every time: nothing but the world's failure can be told from outside."""

    def run(self, run: Run) -> Outcome:
        os.kill(os.getpid(), signal.SIGKILL)
        return Outcome("still alive")


class LeavesAJob(_Agent):
    """Ends while a job in the background has submitted since the last call that changed anything."""

    def run(self, run: Run) -> Outcome:
        job = f"until [ -e ../go ]; do sleep 0.1; done; {_COPY}.new; mv ~/submission/submission.csv.new "
        run.call("shell", command=f"{job} ~/submission/submission.csv", background=True)
        run.call("shell", command="(sleep 0.5; touch ../go) &")
        while "submission.csv\n" not in run.call("list_files", path="../submission").text + "\n":
            time.sleep(0.1)
        return Outcome("left a job")


class Submits(_Agent):
    """Submits the sample, and notes what it was told and what came of it."""

    def run(self, run: Run) -> Outcome:
        described = run.call("shell", command="cat ~/data/description.md").text
        header = run.call("shell", command=f"{_COPY} && head -1 ~/submission/submission.csv").text
        verdict = run.call("validate_submission", path="../submission/submission.csv").text
        run.note(
            "submits.seen",
            told=run.task.description,
            described=described,
            header=header.strip(),
            verdict=verdict,
        )
        return Outcome("submitted")


class Claim(NoConfig):
    score: str


class Claims(_Agent):
    """Says what its submission scores, and nothing on the way there."""

    Config = Claim

    def __init__(self, config: Claim) -> None:
        self._claim = config.score

    def run(self, run: Run) -> Outcome:
        run.call("shell", command=_COPY)
        return Outcome("claimed", None if self._claim == "none" else float(self._claim))
