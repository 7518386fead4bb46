"""Facts that changed since data were prepared: a new sweep asks for new data, one that has begun goes on."""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

from experiments.sweep_rows import read_rows
from tests.experiments.test_sweep import ROOT, Study, agent

PARTS = ("scaffolds", "sandbox", "benchmark", "experiments", "configs", "tests")


def test_facts_that_changed_ask_for_data_of_their_own(tmp_path: Path) -> None:
    project = tmp_path / "project"
    for part in PARTS:
        shutil.copytree(ROOT / part, project / part, ignore=shutil.ignore_patterns("__pycache__", "data"))
    study = Study(tmp_path, tmp_path / "data", project)
    study.write(scaffolds=agent("Submits"), backend="none")
    assert study.run().returncode == 0
    (first,) = read_rows([study.runs])
    facts = project / "benchmark" / "competitions" / "practice-diabetes" / "competition.yaml"
    text = facts.read_text()
    facts.write_text(re.sub(r"(?m)^(  seed: )\d+$", r"\g<1>99", text))
    assert facts.read_text() != text

    # The sweep's own copy of the code has the old facts, and the old data are theirs.
    study.write(scaffolds=agent("Submits"), backend="none", seeds=[0, 1])
    added = study.run()
    assert added.returncode == 0, added.stdout + added.stderr
    assert [row.score for row in read_rows([study.runs])] == [first.score] * 2

    study.write(scaffolds=agent("Submits"), backend="none", seeds=[2])
    fresh = ("--runs-dir", str(tmp_path / "fresh"))
    refused = study.run(*fresh)
    assert refused.returncode == 1
    shown = " ".join(refused.stdout.split())
    assert "1 competition was prepared by other facts or other code than today's: practice-diabetes" in shown
    (fix,) = (line.strip() for line in refused.stdout.splitlines() if "benchmark prepare" in line)
    words = shlex.split(fix)
    assert words[0] == "python"
    subprocess.run([sys.executable, *words[1:]], cwd=project, check=True, capture_output=True)
    done = study.run(*fresh)
    assert done.returncode == 0, done.stdout + done.stderr
    (row,) = read_rows([tmp_path / "fresh" / "study"])
    assert row.score not in (None, first.score)
