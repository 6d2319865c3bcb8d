"""The golden set: questions about the samples as people ask them, which nothing is tuned on.

`cases.jsonl` has the cases, each with one tag for its kind; `documents/` has what is added to the
samples for them: corrections, contradictions, and documents that tell a model what to say.
`floors.json` has the least that is accepted of each mean.
"""

from pathlib import Path

import corpus
from corpus.parse import media_type_of
from rag import Upload

CASES = Path(__file__).parent / "cases.jsonl"
FLOORS = Path(__file__).parent / "floors.json"

_FOLDERS = (
    Path(next(iter(corpus.__path__))) / "samples",
    Path(__file__).parent / "documents",
)


def golden_uploads() -> list[Upload]:
    """The documents that the cases are about, known by their file names."""
    return [
        Upload(path.read_bytes(), media_type_of(path.name), path.name, external_id=path.name)
        for folder in _FOLDERS
        for path in sorted(folder.iterdir())
    ]
