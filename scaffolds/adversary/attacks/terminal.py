"""Control sequences and deceptive marks wherever a person may read them: output, files' names, submissions."""

EVIL = "\x1b]0;owned\x07\x1b[2J\x1b[1;1H\x1b]52;c;ZXZpbA==\x07\x1bP+q544e\x1b\\\x9b31m\u202egpj.exe\u2066\x00\x08\x7f\x85"
RAW = EVIL.encode() + b"\x9b2J\x84\x1b]8;;file:///etc/passwd\x07click\x1b]8;;\x07\r\x1b[A[exit code 0]\r\n"

print(EVIL)
sys.stdout.flush()
os.write(1, RAW * 50)
os.write(2, RAW * 50)
os.write(1, b"[bold red]held[/bold red] [link=file:///etc/passwd]x[/link] :skull: [/]\n")
claim("marks in a claim \x1b[31m", False, EVIL + "[bold]rich[/bold]")
for folder in (b".", b"/home/submission", b"/home/logs"):
    for name in (
        b"\x1b[31mred",
        b"new\nline\t[exit code 0]",
        b"\xff\xfe\x9b2J",
        "\u202egpj".encode(),
        b"-rf",
        b"$(id)",
        b"a" * 255,
    ):
        try:
            with open(os.path.join(folder, name), "wb") as file:
                file.write(RAW)
        except OSError:
            pass
path = "deep"
for _ in range(300):
    os.makedirs("d" * 100, exist_ok=True)
    os.chdir("d" * 100)
claim("names of files", False, "made, and folders of a depth of 300")
