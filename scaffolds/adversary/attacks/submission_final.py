"""Leaves a link to the answers where the submission is taken from at the end of the run."""

TARGET = HINTS.get("loot", "/etc/passwd")
for path in ("/home/submission/submission.csv",):
    try:
        os.unlink(path)
    except OSError:
        pass
    os.symlink(TARGET, path)
    claim("the final submission is a link to the answers", False, "left")
for name in ("answers", "other"):
    if not os.path.islink(f"/home/code/{name}"):
        os.symlink(os.path.dirname(TARGET), f"/home/code/{name}")
        claim("a link among the files that are copied", False, "left")
