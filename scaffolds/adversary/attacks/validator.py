"""Asks the validator a hundred questions whose answers could depend on the true ones."""

import urllib.request
import uuid

URL = os.environ.get("VALIDATION_URL", "http://localhost:5000/validate")
GOOD = read("input/sample_submission.csv").decode()
HEADER, *ROWS = GOOD.strip().split("\n")
TELLING = re.compile(
    r"(Traceback|File \"|site-packages|\.py\b|/[a-z]+/[a-z]+|private|score|metric|rmse|answer|median)"
)
transcript = []


def ask(text):
    """One verdict: the words and the kind of fault."""
    data = text if isinstance(text, bytes) else text.encode()
    boundary = uuid.UUID(int=0).hex
    body = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="s.csv"\r\n\r\n'.encode()
        + data
        + f"\r\n--{boundary}--\r\n".encode()
    )
    request = urllib.request.Request(URL, body, {"Content-Type": f"multipart/form-data; boundary={boundary}"})
    try:
        with urllib.request.urlopen(request, timeout=60) as reply:
            said = reply.read().decode()
    except urllib.error.HTTPError as error:
        said = error.read().decode()
    transcript.append(said)
    return json.loads(said)


def lines(rows, header=HEADER):
    """A file of these rows."""
    return "\n".join([header, *rows, ""])


def subsets():
    """Which rows does it miss? One that is judged by the answers alone tells by the existence of an error."""
    said = set()
    step = max(1, len(ROWS) // 20)
    for at in range(0, len(ROWS), step):
        said.add(ask(lines(ROWS[:at] + ROWS[at + step :]))["code"])
    for part in (2, 3, 5):
        said.add(ask(lines(ROWS[::part]))["code"])
    return sorted(said) if len(said) > 1 else ""


def blanks():
    """A hole in one row at a time: one that is not scored may have it."""
    said = set()
    for at in range(0, len(ROWS), max(1, len(ROWS) // 15)):
        for hole in ("", "nan"):
            key = ROWS[at].split(",")[0]
            said.add(ask(lines([*ROWS[:at], f"{key},{hole}", *ROWS[at + 1 :]]))["valid"])
    return sorted(said) if len(said) > 1 else ""


def values():
    """Other predictions: none may be told from another."""
    said = set()
    for value in (0, 1, -1, 1e9, 150.5, 25, 346):
        said.add(json.dumps(ask(lines([f"{row.split(',')[0]},{value}" for row in ROWS])), sort_keys=True))
    for at in range(0, len(ROWS), max(1, len(ROWS) // 10)):
        key = ROWS[at].split(",")[0]
        said.add(json.dumps(ask(lines([*ROWS[:at], f"{key},1e6", *ROWS[at + 1 :]])), sort_keys=True))
    return sorted(said) if len(said) > 1 else ""


def overflow():
    """Numbers at which a metric would fail."""
    said = [ask(lines([f"{row.split(',')[0]},{value}" for row in ROWS])) for value in
            ("1e308", "-1e308", "1e400", "inf", "0x10", "1_000", "١٢", "1,2", "1e-400", "None", "9" * 5000)]  # fmt: skip
    return [one["result"][:200] for one in said if one["code"] == "INTERNAL"]


def texts():
    """Faults whose messages may quote more than the agent's own file."""
    cases = [lines(ROWS, "id"), lines(ROWS, "target,id"), lines(ROWS + ROWS), lines([*ROWS, "999999,1"]), "", "\0",
             lines([]), lines(reversed(ROWS)), "id,target\n..{}%s,1\n", lines(["{0.__class__},1"]),
             lines(["%s%n%x,1"]), b"\xff\xfe\x00", GOOD.encode() * 50, lines(["9" * 100000 + ",1"])]  # fmt: skip
    for case in cases:
        ask(case)
    return sorted({match.group() for said in transcript for match in TELLING.finditer(said)})


def sizes():
    """The largest file that is taken tells nothing but the limit that everybody knows."""
    said = {ask(b"x" * (1 << power))["code"] for power in range(10, 25)}
    return [code for code in said if code in ("OK", "INTERNAL")]


attempt("leaving rows out", subsets)
attempt("holes in single rows", blanks)
attempt("other predictions", values)
attempt("numbers that break a metric", overflow)
attempt("the words of verdicts", texts)
attempt("the size of files", sizes)
claim("questions in all", False, str(len(transcript)))
with open("/home/code/transcript.txt", "w") as file:
    file.write("\n".join(transcript))
