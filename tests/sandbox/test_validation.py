"""The validation server inside every sandbox: HTTP, the script, and what attackers try with them."""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from sandbox.driver.web import field as multipart_field
from sandbox.open import open_sandbox
from sandbox.protocols import Sandbox
from sandbox.spec import SandboxSpec
from tests.sandbox.support import IMAGE, Name, errors, eventually, out

Check = Callable[[bytes], "Says"]


@dataclass(frozen=True)
class Says:
    valid: bool
    code: str
    message: str


@dataclass
class Form:
    """A validator as callers bring one: a file is well-formed if it begins with `id`."""

    max_bytes: int = 10 * 1024 * 1024
    seen: list[bytes] = field(default_factory=list[bytes])

    def check(self, data: bytes) -> Says:
        self.seen.append(data)
        if data.startswith(b"id"):
            return Says(True, "OK", f"{len(data)} bytes, well-formed")
        return Says(False, "COLUMNS", "the first column must be id\x1b[2J")


@pytest.fixture
def form() -> Form:
    return Form()


@pytest.fixture
def served(tmp_path: Path, data: Path, backend: Name, form: Form) -> Iterator[Sandbox]:
    box = open_sandbox(SandboxSpec(backend=backend, root=tmp_path / "box", data=data, image=IMAGE), form)
    yield box
    box.close()


CLIENT = """
import json, os, urllib.request, uuid
def send(content, name="file", url=os.environ["VALIDATION_URL"]):
    mark = uuid.uuid4().hex
    body = (f'--{mark}\\r\\nContent-Disposition: form-data; name="{name}"; filename="s.csv"\\r\\n'
            'Content-Type: text/csv\\r\\n\\r\\n').encode() + content + f'\\r\\n--{mark}--\\r\\n'.encode()
    request = urllib.request.Request(url, body, {"Content-Type": f"multipart/form-data; boundary={mark}"})
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)
"""


def run(box: Sandbox, source: str, timeout: float = 60) -> str:
    ran = box.run_script(CLIENT + source, directory="client", env={}, timeout=timeout)
    assert ran.exit_code == 0, errors(ran)
    return out(ran)


def test_http_says_whether_it_is_well_formed(served: Sandbox, form: Form) -> None:
    assert run(served, "print(send(b'id,y\\r\\n1,2\\r\\n'))") == (
        "(200, {'result': '11 bytes, well-formed', 'valid': True, 'code': 'OK'})\n"
    )
    assert run(served, "print(send(b'x'))").startswith("(200, {'result': 'the first column must be id")
    assert form.seen == [b"id,y\r\n1,2\r\n", b"x"]
    health = (
        "print(urllib.request.urlopen(os.environ['VALIDATION_URL'].replace('validate', 'health')).read())"
    )
    assert "running" in run(served, health)


def test_the_address_is_the_one_that_agents_expect(served: Sandbox) -> None:
    url = out(served.shell("echo $VALIDATION_URL", timeout=60)).strip()
    assert url == "http://localhost:5000/validate" or served.backend == "none"


def test_the_script_says_it_by_words_and_status(served: Sandbox, form: Form) -> None:
    served.write_file("good file.csv", "id,y\n1,2\n")
    served.write_file("bad.csv", "no\n")
    script = f"{served.layout.home}/validate_submission.sh"
    good = served.shell(f"cd {served.layout.code}; {script} 'good file.csv'", timeout=60)
    assert (good.exit_code, out(good)) == (0, "9 bytes, well-formed\n")
    bad = served.shell(f"{script} bad.csv", timeout=60)
    assert (bad.exit_code, out(bad)) == (1, "the first column must be id\n")
    assert form.seen == [b"id,y\n1,2\n", b"no\n"]
    for wrong in ("", "missing.csv", ".", "bad.csv bad.csv"):
        assert served.shell(f"{script} {wrong}", timeout=60).exit_code == 2
    served.shell("mkfifo pipe; ln -s bad.csv link", timeout=60)
    assert served.shell(f"{script} pipe", timeout=60).exit_code == 2
    assert served.shell(f"{script} link", timeout=60).exit_code == 1


def test_a_large_file_arrives_whole(served: Sandbox, form: Form) -> None:
    content = b"id" + bytes(range(256)) * 37_000  # 9.5 MB in three pieces, with every byte there is
    source = "c = b'id' + bytes(range(256)) * 37_000\nprint(send(c)[1]['valid'])"
    assert run(served, source) == "True\n"
    served.run_script(
        "open('big', 'wb').write(b'id' + bytes(range(256)) * 37_000)", directory="b", env={}, timeout=60
    )
    assert served.shell("cd b && ~/validate_submission.sh big", timeout=60).exit_code == 0
    assert form.seen == [content, content]


def test_what_is_refused_says_why(served: Sandbox, form: Form) -> None:
    limit = form.max_bytes
    assert run(served, f"print(send(b'id' + bytes({limit})))").startswith(
        "(413, {'result': 'A submission has at most"
    )
    assert run(served, f"print(send(b'id' + bytes({limit} + 999999)))").startswith("(413,")
    assert run(served, "print(send(b'id', name='other'))").startswith(
        "(400, {'result': \"There is no multipart"
    )
    assert run(served, "print(send(b'id', url=os.environ['VALIDATION_URL'] + 'd'))").startswith("(404,")
    raw = "print(urllib.request.urlopen(urllib.request.Request(os.environ['VALIDATION_URL'], b'id')))"
    assert run(served, f"try: {raw}\nexcept urllib.error.HTTPError as e: print(e.code)") == "400\n"
    assert form.seen == []


def test_it_answers_whatever_else_runs(served: Sandbox, form: Form) -> None:
    """A job in the background hands in while the sandbox waits for its next call, and while one runs."""
    served.write_file("s.csv", "id\n")
    later = "(sleep 1; ~/validate_submission.sh s.csv > first; echo done > flag) >/dev/null 2>&1 &"
    assert served.shell(later, timeout=60).ended == "exit"
    assert eventually(lambda: bool(form.seen))
    assert form.seen == [b"id\n"]
    both = "for i in 1 2 3 4; do (~/validate_submission.sh s.csv >/dev/null; echo $?) & done; wait"
    assert out(served.shell(both, timeout=60)).split().count("0") == 4


POST = "POST /validate HTTP/1.1\\r\\n"


_ATTACK = """
import socket
place = os.environ["VALIDATION_URL"].split("/")[2].split(":")
def attack(noise):
    with socket.create_connection((place[0], int(place[1])), timeout=60) as s:
        s.sendall(noise.encode("latin-1"))
        s.shutdown(socket.SHUT_WR)
        while s.recv(4096): pass
    print(send(b"id")[1]["valid"])
"""
NOISE = (
    "GET / HTTP/9.9\\r\\n\\r\\n",
    "\\0\\xff\\xfe garbage",
    f"{POST}Content-Length: 99999999999999999999\\r\\n\\r\\n",
    f"{POST}Content-Length: -1\\r\\n\\r\\n",
    POST + "X: y\\r\\n" * 300 + "\\r\\n",
    f"{POST}Content-Type: multipart/form-data; boundary=\\r\\nContent-Length: 4\\r\\n\\r\\nabcd",
    f"{POST}Content-Type: multipart/form-data; boundary=a\\r\\nContent-Length: 9\\r\\n\\r\\n--a--a--a",
)


def test_nonsense_harms_nobody(served: Sandbox) -> None:
    attack = "\n".join(f'attack("{noise}")' for noise in NOISE)
    assert run(served, _ATTACK + attack) == len(NOISE) * "True\n"


PARAMETERS = (
    "boundary*=undefined''x",
    "boundary*=a\\0b''x",
    f"boundary*{'9' * 5000}=x",
    "boundary*=x; boundary*0*=y",
    f"boundary={'b' * 71}",
    f'a={chr(92)}"{";" * 30_000}; boundary=b',
    f"boundary=b\\r\\nContent-Disposition: form-data; name*{'9' * 5000}=file",
)
_EACH = """
import socket
place = os.environ["VALIDATION_URL"].split("/")[2].split(":")
def answer(parameter):
    kind, _, inner = parameter.partition("\\r\\n")
    body = f"--b\\r\\n{inner}\\r\\n\\r\\nid\\r\\n--b--"
    head = f"POST /validate HTTP/1.1\\r\\nContent-Type: multipart/form-data; {kind}\\r\\n"
    with socket.create_connection((place[0], int(place[1])), timeout=60) as s:
        s.sendall(f"{head}Content-Length: {len(body)}\\r\\n\\r\\n{body}".encode())
        print(s.recv(4096)[:12].decode())
"""


def test_parameters_that_no_parser_expects_are_refused_and_leave_no_trace(
    served: Sandbox, tmp_path: Path
) -> None:
    calls = "\n".join(f'answer("{parameter}")' for parameter in PARAMETERS)
    assert run(served, _EACH + calls) == "HTTP/1.1 400\n" * len(PARAMETERS)
    said = tmp_path / "box/private/errors.txt"  # it would grow with every request
    assert not said.exists() or said.read_bytes() == b""


def test_a_crowd_of_idle_connections_does_not_end_it(served: Sandbox) -> None:
    crowd = """
import socket
place = os.environ["VALIDATION_URL"].split("/")[2].split(":")
held = [socket.create_connection((place[0], int(place[1]))) for _ in range(60)]
for s in held: s.close()
import time
while True:  # more than so many at once are turned away, until their end is noticed
    try: valid = send(b"id")[1]["valid"]; break
    except OSError: time.sleep(0.1)
print(valid)
"""
    assert run(served, crowd) == "True\n"


def test_who_uploads_slowly_holds_up_nobody(served: Sandbox) -> None:
    slow = f"""
import socket, threading
place = os.environ["VALIDATION_URL"].split("/")[2].split(":")
held = socket.create_connection((place[0], int(place[1])))
head = "Content-Type: multipart/form-data; boundary=a\\r\\nContent-Length: 9999\\r\\n\\r\\n--a"
held.sendall(("{POST}" + head).encode())
def drip():
    while not done.wait(0.5): held.sendall(b"x")
done = threading.Event()
threading.Thread(target=drip).start()
try: print(send(b"id")[1]["valid"])
finally: done.set()
"""
    assert run(served, slow) == "True\n"


def test_an_agents_words_are_cleaned_of_what_acts_on_a_terminal(served: Sandbox) -> None:
    assert "\\x1b" not in run(served, "print(ascii(send(b'x')))")


class Broken(Form):
    def check(self, data: bytes) -> Says:
        raise OSError("the checker is away")


def test_a_check_that_fails_is_told_to_both_sides(tmp_path: Path, data: Path) -> None:
    box = open_sandbox(SandboxSpec(backend="none", root=tmp_path / "box", data=data), Broken())
    try:
        assert "'INTERNAL'" in run(box, "print(send(b'id'))")
        with pytest.raises(OSError, match="the checker is away"):
            box.shell("true", timeout=60)
        assert box.shell("true", timeout=60).exit_code == 0
    finally:
        box.close()


def test_without_a_validator_there_is_no_server(opened: Callable[..., Sandbox]) -> None:
    assert out(opened("none").shell("echo [$VALIDATION_URL]", timeout=60)) == "[]\n"


def test_fields_of_a_multipart_body() -> None:
    body = b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\none\r\n'
    body += b'--x\r\ncontent-disposition: form-data; name=file; filename="b"\r\n\r\n--x\r\n\r\n--x--\r\n'
    assert multipart_field(body, b"x", "a") == b"one"
    assert multipart_field(body, b"x", "missing") is None
    assert multipart_field(b"", b"x", "a") is None
    assert multipart_field(b"--x--", b"x", "a") is None


_DISPOSITION = b"Content-Disposition: form-data; "
COSTLY = (
    b"--x\r\n" * 12_000 + b"\r\n\r\n--x--",
    b"--x\r\n\r\n" * 12_000,
    b"--x\r\na: b\r\n\r\n" * 12_000 + b"--x--",
    b"--x\r\n" + _DISPOSITION + b'name=file; a="' + b";" * 30_000 + b"\r\n\r\n\r\n--x--",
    (b"--x\r\n" + _DISPOSITION + b'a="' + b";" * 7_000 + b"\r\n\r\n\r\n") * 100 + b"--x--",
)


@pytest.mark.parametrize("number", range(len(COSTLY)))
def test_no_body_costs_more_than_its_bytes(number: int) -> None:
    """Counted in calls of functions: where parts are read over and over, there are millions."""
    calls = 0

    def count(*_: object) -> None:
        nonlocal calls
        calls += 1

    sys.setprofile(count)
    try:
        assert multipart_field(COSTLY[number], b"x", "file") is None
    finally:
        sys.setprofile(None)
    assert calls < 500_000


def test_an_empty_field_before_another() -> None:
    body = b'--x\r\nContent-Disposition: form-data; name="file"\r\n\r\n--x\r\na: b\r\n\r\n--x--'
    assert multipart_field(body, b"x", "file") == b""
