"""Runs inside the sandbox: a script as the original's interpreter runs it, in a process of its own.

Its `__name__` is "builtins", so the body of `if __name__ == "__main__":` does not run. Of what it prints,
what goes through Python's own streams is seen; what C code and child processes print is not. Any exit by an
exception, SystemExit with status 0 too, is a failure. Tracebacks begin in the script, and quote its lines as
those of `runfile.py`.
"""

import linecache
import os
import sys
import traceback

CODE = "THE CODE"
NAME = "runfile.py"


def main() -> int:
    """Run the code; the status that the process ends with."""
    stream = os.fdopen(os.dup(1), "w", buffering=1, encoding="utf-8", errors="replace")
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1)
    os.dup2(nothing, 2)
    sys.stdout = sys.stderr = stream
    linecache.cache[NAME] = (len(CODE), None, [f"{line}\n" for line in CODE.split("\n")], NAME)
    try:
        exec(compile(CODE, NAME, "exec"), {})
    except BaseException as error:  # noqa: BLE001 - whatever ends a script is shown, as Python would
        trace = error.__traceback__
        traceback.print_exception(type(error), error, trace and trace.tb_next)
        return 1
    finally:
        stream.flush()
    return 0


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    os._exit(status)
