"""Names what prepared data are made by: what a competition's folder says about how, code included.

The steps that all competitions share are no part of it.
"""

import hashlib
import json

from benchmark.competition import Competition
from benchmark.preparation.facts import CLASSES

_NO_MATTER = {"memory_gb": True, "warning": True, "read": {"rows_at_a_time": True}}
"""Facts of a preparation that change nothing in what it makes."""


def provenance(competition: Competition) -> str:
    """The SHA-256 over the facts that steer a preparation and over the files beside them that it reads."""
    facts = competition.preparation
    # Without defaults: what a later version may say besides changes nothing in data of today. The order of
    # keys is that of columns, so it counts.
    said = {
        "data_version": competition.data_version,
        "preparation": facts and facts.model_dump(mode="json", exclude=_NO_MATTER, exclude_defaults=True),
        "split": competition.split.model_dump(mode="json", exclude={"words"}, exclude_defaults=True),
        "columns": [*competition.submission.ids, *competition.submission.columns],
        "target": competition.target,
        "files": competition.files,
        "answers": competition.answers.file,
    }
    total = hashlib.sha256(json.dumps(said).encode())
    place = (facts.function or "").partition(":")[0] if facts else ""
    for name in (CLASSES, *([place] if place.endswith(".py") else ())):
        path = competition.folder / name
        total.update(f"\0{name}\0".encode() + (path.read_bytes() if path.is_file() else b""))
    return total.hexdigest()
