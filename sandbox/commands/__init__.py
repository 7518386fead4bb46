"""One module per command of `python -m sandbox`, imported when the command is typed."""
