"""A fork bomb that goes on until it is ended; how far it comes is said on the way, since its end is sudden."""

import signal

MOST = 20000  # more than any sandbox may have: who gets there meets no end
end = time.monotonic() + 60
born = 0
claim("a fork bomb", False, "begun")
while born < MOST and time.monotonic() < end:
    try:
        pid = os.fork()
    except OSError as error:
        claim("a fork bomb", False, f"refused at {born}: {error}")
        break
    if pid == 0:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        os.setsid()
        time.sleep(600)
        os._exit(0)
    born += 1
    if born % 512 == 0:
        claim("a fork bomb", False, f"{born} processes")
if born >= MOST:
    claim("a fork bomb", True, f"{born} processes and no end")
