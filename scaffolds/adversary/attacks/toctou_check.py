"""How often the file was exchanged during the checks."""

count = int(read("/home/submission/swap/count").decode() or 0)
claim("exchanged during 40 checks", False, f"{count} rounds of five kinds of file")
