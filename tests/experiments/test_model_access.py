"""Providers, prices and keys of a folder: what is read, what is refused, and that no key is told."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiments.code import snapshot
from experiments.config import load_sweep
from experiments.model_access import known_secrets, load_secrets, model_access
from scaffolds.errors import UserError
from scaffolds.messages import Message
from scaffolds.models.protocol import ModelRequest
from scaffolds.models.providers import Access, Provider, target
from scaffolds.models.rates import Price, Rates
from scaffolds.models.registry import connect, keyless, lacks
from scaffolds.models.secrets import Secrets, parse_env
from scaffolds.models.variables import variables_of
from tests.wire import WireServer

KEY = "sk-proj-T3blbkFJ0123456789abcdefghijklmnopqrstuvwxyz"


def home(folder: Path, **files: str) -> Path:
    """A folder with the files `env`, `providers` and `prices`."""
    places = {"env": ".env", "providers": "configs/providers.yaml", "prices": "configs/prices.yaml"}
    for name, text in files.items():
        path = folder / places[name]
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def test_a_folder_without_files_has_the_defaults(tmp_path: Path) -> None:
    access = model_access(tmp_path)
    assert (access.providers, access.prices.own, access.prices.digest) == ({}, {}, "")


def test_files_are_read(tmp_path: Path) -> None:
    access = model_access(
        home(
            tmp_path,
            env="export LOCAL_KEY='abc'  # mine\n",
            providers="openai-compatible/a: {base_url: 'http://x/v1', key: LOCAL_KEY, in_flight: 2}",
            prices="openai-compatible/a: {input: 1, output: 2, above: {1000: {input: 3, output: 4}}}",
        )
    )
    name = target("openai-compatible/a")
    assert access.provider(name) == Provider(base_url="http://x/v1", key="LOCAL_KEY", in_flight=2)
    assert access.key(name) == "abc"
    assert access.lacks(name) == []
    price = Price(input=1, output=2, above={1000: Rates(input=3, output=4)})
    assert access.prices.of("openai-compatible/a") == price
    assert access.prices.facts()["own"] == access.prices.digest != ""


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"providers": "opanai: {}"}, "an entry 'opanai'"),
        ({"providers": "openai: {in_fligth: 3}"}, "did you mean 'in_flight'"),
        ({"providers": "openai-compatible/a: {base_url: 'localhost:8000'}"}, "base_url: String should match"),
        ({"providers": "openai: {}\nopenai: {}"}, "the key 'openai' stands there twice"),
        ({"providers": "- openai"}, "must be a YAML mapping"),
        ({"providers": "a: ["}, "is not YAML"),
        ({"prices": "openai/x: {input: 1}"}, "missing key 'output'"),
        ({"prices": "openai/x: {input: -1, output: 1}"}, "greater than or equal to 0"),
        ({"env": "OPENAI_API_KEY"}, "line 1 is not of the form NAME=value"),
    ],
)
def test_faults_are_named(tmp_path: Path, files: dict[str, str], words: str) -> None:
    with pytest.raises(UserError) as caught:
        model_access(home(tmp_path, **files))
    assert words in str(caught.value)


SWEEP = "scaffolds: [aide]\nmodels: [offline/tabular]\ncompetitions: [practice]\ntime_limits: [1m]\n"


@pytest.mark.parametrize(
    "text",
    [
        SWEEP + f"variants: {{x: {{scaffold.note: 'key {KEY}'}}}}",
        SWEEP.replace("offline/tabular", f"openai/gpt#{KEY}"),
        SWEEP + f"{KEY}: 1",
        SWEEP + "note: AKIAIOSFODNN7EXAMPLE",
        SWEEP + "note: my-own-secret-word",
        SWEEP + "note: https://user:pass@proxy/v1",
        SWEEP + f"note: [{KEY}",  # no YAML
    ],
)
def test_a_key_in_a_config_is_refused_and_not_told(
    tmp_path: Path, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_TOKEN", "my-own-secret-word")
    monkeypatch.setenv("MY_API_KEY", KEY)
    path = tmp_path / "sweep.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UserError) as caught:
        load_sweep(path)
    told = f"{caught.value}{caught.value.__cause__}"
    assert not any(secret in told for secret in (KEY, "AKIAIOSFODNN7EXAMPLE", "my-own-secret-word", "pass@"))


def test_a_key_on_the_command_line_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "sweep.yaml"
    path.write_text(SWEEP, encoding="utf-8")
    with pytest.raises(UserError, match="--set") as caught:
        load_sweep(path, [f"scaffolds.0.key={KEY}"])
    assert KEY not in str(caught.value)


@pytest.mark.parametrize(
    "word", ["openai/gpt-4o", "task-description", "sk-learn-pipelines-and-other-words", ""]
)
def test_ordinary_words_are_no_keys(word: str) -> None:
    assert Secrets({"A_KEY": "none", "HOME": word}).shown_in(word) is None


@given(
    st.dictionaries(
        st.from_regex(r"[A-Z][A-Z0-9_]{0,8}", fullmatch=True),
        st.text(st.characters(codec="ascii", exclude_categories=["C"], exclude_characters="'")),
    )
)
def test_a_file_of_variables_is_read_as_it_was_written(values: dict[str, str]) -> None:
    assert parse_env("".join(f"{name}='{value}'\n" for name, value in values.items())) == values


def test_the_ways_to_write_a_variable() -> None:
    text = "# keys\n\nA=1\nexport B = two # word\nC=\"th'ree\"\nD=\nE='#4'\n"
    assert parse_env(text) == {"A": "1", "B": "two", "C": "th'ree", "D": "", "E": "#4"}


def test_the_environment_wins_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_KEY", "outer")
    monkeypatch.setenv("B_KEY", "")
    secrets = load_secrets(home(tmp_path, env="A_KEY=inner\nB_KEY=inner\n"))
    assert (secrets.get("A_KEY"), secrets.get("B_KEY"), secrets.get("C_KEY")) == ("outer", "inner", None)


def test_a_text_is_rid_of_keys() -> None:
    secrets = Secrets({"LONG_KEY": "abcdefgh-and-more", "SHORT_KEY": "abcdefgh"}, {"FILE_TOKEN": "12345678"})
    text = "abcdefgh-and-more, abcdefgh, 12345678"
    assert secrets.redacted(text) == "[LONG_KEY], [SHORT_KEY], [FILE_TOKEN]"
    assert "abcdefgh" not in repr(secrets)


def test_a_key_is_one_whatever_its_provider_calls_it(tmp_path: Path) -> None:
    place = home(tmp_path, env=f"LOCAL_PASS={KEY}\n", providers="openai-compatible/mine: {key: LOCAL_PASS}")
    assert known_secrets(place).redacted(f"said {KEY}") == "said [LOCAL_PASS]"
    faulty = home(tmp_path, env=f"SOME_AUTH={KEY}\n", providers="[")
    assert known_secrets(faulty).redacted(f"said {KEY}") == "said [SOME_AUTH]"


def test_the_copy_of_the_code_holds_no_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / "mine"
    source.mkdir()
    (source / "__init__.py").write_text("")
    for name in (".env", ".env.local"):
        (source / name).write_text(f"OPENAI_API_KEY={KEY}\n")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    root = snapshot(tmp_path / "code", ("mine",))
    assert (root / "mine" / "__init__.py").exists()
    assert not list(root.rglob(".env*"))


@pytest.mark.parametrize(
    ("name", "missing"),
    [
        ("openai/gpt-4o", ["OPENAI_API_KEY is not set"]),
        ("anthropic/claude-sonnet-4-5", ["ANTHROPIC_API_KEY is not set"]),
        ("litellm/openrouter/meta-llama/llama-3.1-405b-instruct", ["OPENROUTER_API_KEY is not set"]),
        ("litellm/gemini/gemini-2.5-pro", ["GEMINI_API_KEY or GOOGLE_API_KEY is not set"]),
        ("litellm/azure/x", [f"AZURE_API_{what} is not set" for what in ("KEY", "BASE", "VERSION")]),
        ("litellm/ollama/llama3", []),
        ("openai-compatible/a", ["configs/providers.yaml does not say where openai-compatible/a is"]),
        ("offline/tabular", []),
    ],
)
def test_what_a_model_lacks_is_said_before_it_is_asked(name: str, missing: list[str]) -> None:
    assert [lack.what for lack in lacks(name, Access())] == missing
    assert keyless(name) == name.startswith("offline/")


@pytest.mark.parametrize(
    ("name", "file", "options"),
    [
        (
            "litellm/azure/x",
            {"AZURE_API_KEY": KEY, "AZURE_API_BASE": "http://x", "AZURE_API_VERSION": "1"},
            {"api_key": KEY, "base_url": "http://x", "api_version": "1"},
        ),
        (
            "litellm/bedrock/x",
            {"AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": KEY, "AWS_REGION": "eu-west-1"},
            {"aws_access_key_id": "AKIA", "aws_secret_access_key": KEY, "aws_region_name": "eu-west-1"},
        ),
        (
            "litellm/vertex_ai/x",
            {"VERTEXAI_PROJECT": "p", "VERTEXAI_LOCATION": "l", "GOOGLE_APPLICATION_CREDENTIALS": "/c.json"},
            {"vertex_project": "p", "vertex_location": "l", "vertex_credentials": "/c.json"},
        ),
        (
            "litellm/cloudflare/x",
            {"CLOUDFLARE_API_KEY": KEY, "CLOUDFLARE_ACCOUNT_ID": "me"},
            {"api_key": KEY, "base_url": "https://api.cloudflare.com/client/v4/accounts/me/ai/v1"},
        ),
        ("litellm/gemini/x", {"GEMINI_API_KEY": KEY}, {}),
    ],
)
def test_a_file_opens_providers_that_need_several_variables(
    name: str, file: dict[str, str], options: dict[str, str]
) -> None:
    access = Access(secrets=Secrets({}, file))
    assert lacks(name, access) == []
    assert access.options(target(name)) == options
    set_too = Access(secrets=Secrets(file, dict.fromkeys(file, "older")))
    assert set_too.options(target(name)) == {}  # litellm finds it in the environment


def test_what_the_file_says_reaches_a_provider_with_several_variables(tmp_path: Path) -> None:
    with WireServer(key=KEY) as server:
        file = {"CLOUDFLARE_API_KEY": KEY, "CLOUDFLARE_API_BASE": server.openai_url}
        access = Access(secrets=Secrets({}, file), slots=tmp_path / "slots")
        model = connect("litellm/cloudflare/@cf/meta/llama-3", access)
        assert model.complete(ModelRequest([Message("user", "ping")])).text == "pong"
    assert KEY not in repr(access)


def test_a_role_of_aws_is_the_environment_s() -> None:
    role = {"AWS_ROLE_ARN": "arn:aws:iam::1:role/x"}
    assert lacks("litellm/bedrock/x", Access(secrets=Secrets(role))) == []
    assert len(lacks("litellm/bedrock/x", Access(secrets=Secrets({}, role)))) == 1


def test_a_model_without_its_key_can_be_connected_and_not_asked(tmp_path: Path) -> None:
    model = connect("openai/gpt-4o", Access(slots=tmp_path / "slots"))
    with pytest.raises(UserError, match="export OPENAI_API_KEY="):
        model.complete(ModelRequest([]))


@pytest.mark.parametrize(
    "name", ["openai", "openai/", "litellm/gemini", "litellm/x/", "openai-compatible/", "x/y"]
)
def test_a_name_that_is_not_whole_is_no_model(name: str) -> None:
    with pytest.raises(UserError):
        connect(name)


PROVIDERS = (
    "azure bedrock cerebras cloudflare cohere dashscope datarobot deepinfra deepseek fireworks_ai gemini "
    "groq huggingface mistral moonshot nvidia_nim openrouter perplexity replicate together_ai vertex_ai xai"
)


@pytest.mark.parametrize("provider", PROVIDERS.split())
def test_the_variables_are_those_that_litellm_looks_for(
    provider: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    import litellm

    groups = variables_of(f"litellm/{provider}")
    for group in groups:
        monkeypatch.delenv(group[0], raising=False)
    validate: Callable[[str], dict[str, Any]] = litellm.validate_environment  # pyright: ignore
    theirs: list[str] = validate(f"{provider}/x")["missing_keys"]
    assert {group[0] for group in groups} & {*theirs}
    for name in theirs:
        monkeypatch.setenv(name, "x")
    for group in groups:
        monkeypatch.setenv(group[0], "x")
    assert validate(f"{provider}/x")["keys_in_environment"]
