"""Threads without end, in several processes, until they are ended."""

import mmap
import threading

PROCESSES, EACH = 20, 1000  # together more than any sandbox may have: who has them all meets no end
claim("threads without end", False, "begun")
full = mmap.mmap(-1, PROCESSES)
number = next((n for n in range(1, PROCESSES) if os.fork() == 0), 0)
threading.stack_size(64 << 10)
born, refused_at = 0, None
while born < EACH:
    try:
        threading.Thread(target=time.sleep, args=(600,), daemon=True).start()
        born += 1
    except RuntimeError:
        if refused_at is None and number == 0:
            claim("threads without end", False, f"refused at {born} in one process of {PROCESSES}")
        refused_at = born
        time.sleep(0.1)
full[number] = 1
while number == 0 and not all(full):
    time.sleep(0.1)
if number == 0:
    claim("threads without end", True, f"{PROCESSES * EACH} threads and no end")
time.sleep(60)
