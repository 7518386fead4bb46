"""More memory than the sandbox may have: in one process, in many, in files of memory."""

LIMIT = float(HINTS.get("memory_gb", 2.0)) * 2**30


def eat(upto):
    """Children that each hold 128 MiB; what all of them came to hold at once."""
    step, pipes, held = 128 << 20, [], 0
    while held < upto:
        ours, theirs = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(ours)
            try:
                block = bytearray(step)
                for at in range(0, step, 4096):
                    block[at] = 1
                os.write(theirs, b"1")
            except MemoryError:
                os._exit(1)
            time.sleep(60)
            os._exit(0)
        os.close(theirs)
        if os.read(ours, 1) != b"1":
            os.close(ours)
            break
        pipes.append((ours, pid))
        held += step
        alive = [
            p
            for _, p in pipes
            if os.path.exists(f"/proc/{p}/statm") and int(read(f"/proc/{p}/statm").split()[1])
        ]
        held = len(alive) * step
        if len(pipes) * step > upto:
            break
    return held


claim("memory of many processes", False, "begun")
held = eat(1.5 * LIMIT)
claim("memory beyond the limit", held > 1.2 * LIMIT, f"{held / 2**30:.2f} GiB at once of {LIMIT / 2**30:g}")
