"""The last step of a build: packages that do not fit together."""

import subprocess
import sys
from pathlib import Path

from sandbox.image.context import HERE


def import_all(folder: Path, requirements: str, modules: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run the step where one more distribution is installed, `extra-bits`, with these modules."""
    info = folder / "extra_bits-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: Extra_Bits\nVersion: 1.0\n")
    (info / "RECORD").write_text("".join(f"{name}.py,,\n" for name in modules))
    for name, source in modules.items():
        (folder / f"{name}.py").write_text(source)
    (folder / "requirements.in").write_text(requirements)
    program = (sys.executable, str(HERE / "import_all.py"), str(folder / "requirements.in"))
    return subprocess.run(program, env={"PYTHONPATH": str(folder)}, capture_output=True, text=True)


def test_packages_that_fit_together(tmp_path: Path) -> None:
    asked = "# a comment\n-r other.in\n\nnumpy\npyyaml>=6\nextra.bits[all]>=1\n"
    done = import_all(tmp_path, asked, {"bits": "print('bits')", "_inner": "print('inner')"})
    assert (done.returncode, done.stdout, done.stderr) == (0, "bits\n", "")


def test_a_package_that_does_not_load_is_named_and_ends_the_build(tmp_path: Path) -> None:
    broken = {"bits": "raise OSError('built for another torch')", "more_bits": "import nothing_of_this_name"}
    done = import_all(tmp_path, "extra-bits==1.0\nnumpy\n", broken)
    assert done.returncode == 1
    first, second = done.stderr.splitlines()
    assert first == "cannot be imported: bits (OSError: built for another torch)"
    assert second.startswith("cannot be imported: more_bits (ModuleNotFoundError")


def test_what_nobody_asked_for_is_left_alone(tmp_path: Path) -> None:
    assert import_all(tmp_path, "numpy\n", {"bits": "raise OSError"}).returncode == 0
