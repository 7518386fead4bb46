"""A fork bomb, and threads without end."""

import signal
import threading

born = 0
children = []
end = time.monotonic() + 3
while time.monotonic() < end:
    try:
        pid = os.fork()
    except OSError as error:
        claim("a fork bomb", False, f"stopped at {born}: {error}")
        break
    if pid == 0:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        os.setsid()
        time.sleep(600)
        os._exit(0)
    born += 1
    if born >= 20000:
        claim("a fork bomb", True, f"{born} processes and no end")
        break
else:
    claim("a fork bomb", False, f"{born} processes in its time")
sys.stdout.flush()
