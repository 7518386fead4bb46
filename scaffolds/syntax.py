"""Python code that models wrote, as a syntax tree. It is read, never run."""

import ast
import threading

_ONE_AT_A_TIME = threading.Lock()
# CPython 3.11 keeps the depth of the tree that it builds in one place for all threads, and raises SystemError
# ("AST constructor recursion depth mismatch") when two build one at a time.


def parsed(code: str) -> ast.Module | None:
    """The tree of a program; None if it is none. May be called from several lanes at a time."""
    with _ONE_AT_A_TIME:
        try:
            return ast.parse(code)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None
