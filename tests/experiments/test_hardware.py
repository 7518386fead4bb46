"""Hardware profiles: the shipped ones load, and faults are explained."""

from pathlib import Path

import pytest

from experiments.hardware import load_profile, names, profile
from sandbox.hardware import Hardware
from scaffolds.errors import UserError


def test_the_shipped_profiles() -> None:
    assert names() == ["1xA10", "2xA10", "cpu", "cpu36", "host"]
    assert profile("host") == Hardware(name="host", gpus="all")
    assert profile("cpu") == Hardware(name="cpu", gpus=0)
    assert profile("1xA10") == Hardware(name="1xA10", cores=36, memory_gb=440, gpus=1, gpu="A10 24GB")
    assert profile("2xA10") == Hardware(name="2xA10", cores=36, memory_gb=440, gpus=2, gpu="A10 24GB")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("1xA100", "did you mean '1xA10'? There are: 1xA10, 2xA10, cpu, cpu36, host"),
        ("CPU", "did you mean 'cpu'?"),
        ("mainframe", "no hardware profile 'mainframe'. There are: 1xA10, 2xA10, cpu, cpu36, host"),
        ("../hardware/cpu", "no hardware profile"),
        ("", "no hardware profile ''"),
    ],
)
def test_an_unknown_name_is_answered_with_the_known_ones(name: str, words: str) -> None:
    with pytest.raises(UserError) as caught:
        profile(name)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("core: 4", "unknown key 'core'; did you mean 'cores'?"),
        ("cores: 0", "cores: Input should be greater than or equal to 1 (it is 0)"),
        ("memory_gb: .inf", "memory_gb"),
        ("gpus: -1", "gpus"),
        ("gpus: some", "gpus"),
        ("1: 2", "1: Keys should be strings"),
        ("name: other", "its name is the file's"),
        ("[cores]", "is not a hardware profile"),
        ("", "cores, memory_gb, gpus, gpu"),
        ("cores: {", "is not YAML"),
    ],
)
def test_faults_of_a_profile_are_explained(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    with pytest.raises(UserError) as caught:
        load_profile(path)
    assert words in str(caught.value)
    assert str(path) in str(caught.value)


def test_a_profile_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="No such file"):
        load_profile(tmp_path / "none.yaml")
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UserError, match="is not YAML"):
        load_profile(tmp_path / "binary.yaml")
