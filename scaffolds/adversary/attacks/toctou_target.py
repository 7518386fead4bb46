"""Tells the racing program where the answers are on the host."""

with open("/home/submission/swap/target", "w") as file:
    file.write(HINTS.get("loot", "/etc/passwd"))
claim("a file that becomes a link, a pipe or a folder while it is read", False, "prepared")
