"""Runs inside the sandbox: a script as the original's interpreter runs it, in a process of its own.

Its `__name__` is "builtins", so the body of `if __name__ == "__main__":` does not run. Of what it prints,
what goes through Python's own streams is seen; what C code and child processes print is not. Any exit by an
exception, SystemExit with status 0 too, is a failure.
"""

import os
import sys
import traceback

CODE = "THE CODE"


def main() -> int:
    """Run the code; the status that the process ends with."""
    stream = os.fdopen(os.dup(1), "w", buffering=1, encoding="utf-8", errors="replace")
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1)
    os.dup2(nothing, 2)
    sys.stdout = sys.stderr = stream
    try:
        exec(compile(CODE, "runfile.py", "exec"), {})
    except BaseException:  # noqa: BLE001 - whatever ends a script is shown, as Python would
        traceback.print_exc()
        return 1
    finally:
        stream.flush()
    return 0


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    os._exit(status)
