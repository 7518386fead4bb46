"""A final file is whole, and a death while it is written leaves nothing that stays."""

import resource
import signal
import subprocess
import sys
from pathlib import Path

from experiments.files import read_json, write_json

DIES = """
import sys
from pathlib import Path
from experiments.files import write_json
write_json(Path(sys.argv[1]), {"score": "9" * 1_000_000})
"""


def dies_halfway(path: Path) -> None:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

    # A process that ignores the signal would get an error; this one is to die in the middle of its write.
    dies = f"import signal; signal.signal(signal.SIGXFSZ, signal.SIG_DFL)\n{DIES}"
    done = subprocess.run([sys.executable, "-c", dies, str(path)], preexec_fn=limit, check=False)
    assert done.returncode == -signal.SIGXFSZ


def test_a_death_in_the_middle_of_a_write_leaves_nothing_behind(tmp_path: Path) -> None:
    path = tmp_path / "grade.json"
    write_json(path, {"score": 1})
    dies_halfway(path)
    assert read_json(path) == {"score": 1}
    assert len(list(tmp_path.iterdir())) == 2
    write_json(path, {"score": 2})
    assert read_json(path) == {"score": 2}
    assert list(tmp_path.iterdir()) == [path]
