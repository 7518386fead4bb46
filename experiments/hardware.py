"""The machine in words, and which hardware profiles it can give."""

import os

import psutil

from scaffolds.errors import UserError

PROFILES = ("host", "cpu")


def machine_words(profile: str) -> str:
    """What an agent is told about its machine under this profile.

    Raises:
        UserError: this machine cannot give the profile.
    """
    if profile not in PROFILES:
        raise UserError(
            f"hardware {profile!r} is not available here; available: {', '.join(PROFILES)}. "
            "Edit `hardware` in the config"
        )
    cores = len(os.sched_getaffinity(0))
    memory_gb = round(psutil.virtual_memory().total / 2**30)
    return f"{cores} CPU core{'s' if cores != 1 else ''}, {memory_gb} GB of memory, no GPU"
