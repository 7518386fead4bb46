"""Output without end on both streams, most of it no text."""

import threading

PIECE = os.urandom(1 << 16) + b"\0" * (1 << 20)


def pour(stream, count):
    for _ in range(count):
        os.write(stream, PIECE)


pourers = [threading.Thread(target=pour, args=(stream, 200)) for stream in (1, 2)]
for one in pourers:
    one.start()
for one in pourers:
    one.join()
os.write(1, b"\n")
claim("400 MB of output", False, "written")
