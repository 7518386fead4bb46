"""Terminals without end: all sandboxes of a machine have them from one supply."""

MOST = 1000  # a few sandboxes that each have so many leave none for the others
claim("terminals without end", False, "begun")
held = []
try:
    while len(held) < MOST:
        held.append(os.open("/dev/ptmx", os.O_RDWR | os.O_NOCTTY))
except OSError as error:
    claim("terminals without end", False, f"refused at {len(held)}: {error}")
else:
    time.sleep(10)  # who is being killed may still get as far as here
    claim("terminals without end", True, f"{len(held)} terminals and no end")
