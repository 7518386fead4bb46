"""Which programs wait, by their text: those that sleep, and those that wait for what they started."""

import io
import re
import tokenize

_READ_CHARS = 4_000
"""Of a program; what is behind them is not looked at. Programs that wait are short, and Python's tokenizer
takes time by the square of what is made to keep it busy."""
_TOKEN = re.compile(
    r"""
    (?P<comment> \#[^\n]* )
    | (?P<between> [\n;&|()]+ )
    | (?P<word> (?: '[^']*' | "(?:\\.|[^"\\])*" | \\. | [^\s;&|()'"\\] )+ )
    | (?P<unclosed> ['"] )
    | .
    """,
    re.VERBOSE | re.DOTALL,
)
_BEFORE_COMMANDS = re.compile(
    r"then|do|else|if|while|until|time|exec|command|!|\{|[A-Za-z_]\w*=.*", re.DOTALL
)
"""Words behind which a command still begins."""
_WAITS = ("sleep", "wait")


def shell_waits(command: str) -> bool:
    """Whether a shell command runs `sleep` or `wait`; one that stands behind a here-document is not seen."""
    begins = True
    for token in _TOKEN.finditer(command[:_READ_CHARS].partition("<<")[0]):
        if token["unclosed"]:
            return False
        if token["between"]:
            begins = True
        elif word := token["word"]:
            if begins and word in _WAITS:
                return True
            begins = begins and _BEFORE_COMMANDS.fullmatch(word) is not None
    return False


def cell_waits(code: str) -> bool:
    """Whether Python code holds a call of something named `sleep`, strings and comments aside."""
    before = ["", ""]
    try:
        for token in tokenize.generate_tokens(io.StringIO(code[:_READ_CHARS]).readline):
            if token.string == "(" and before[1] == "sleep" and before[0] != "def":
                return True
            before = [before[1], token.string]
    except (tokenize.TokenError, SyntaxError):
        return False
    return False
