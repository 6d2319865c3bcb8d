"""A version of a document as a summary reads it: sentences and rows, and which are set aside."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from corpus.errors import NotFound
from corpus.library import Library
from corpus.types import Chunk, Document, DocumentVersion, UnitKind
from rag.novelty import set_aside_known
from rag.offer import harmless
from rag.verify import Evidence, evidence_of

# What sites put around articles, where a whole sentence or line is of it.
_BOILERPLATE = re.compile(
    r"\W*(©|\(c\)|copyright (©|\(c\)|\d{4})|all rights reserved"
    r"|(please )?(subscribe|sign up|log ?in|register)\b"
    r"|(click|tap) (here|on)\b|(read|see|watch|find out) more\b|related (topics|articles|stories)"
    r"|follow \w+( \w+)? on\b|share this\b|advertisement\b|(this )?(site|website|page) uses cookies"
    r"|(we|our partners) use cookies|accept (all )?cookies|privacy policy|terms (of use|and "
    r"conditions)|skip to (main )?content|(image|photo|picture) (source|credit|caption)"
    r"|(getty|reuters|afp) images?\b|by continuing to (use|browse)|download (our|the) app\b"
    r"|get (the )?(latest|breaking) news|(sign up|subscribe) (to|for) (our )?newsletter)",
    re.IGNORECASE,
)
_LONGEST_BOILERPLATE = 15  # words; a longer sentence says something beside


class Aside(StrEnum):
    """Why a sentence or row was not used for a summary."""

    RESIDUE = "residue"  # a chatbot's offer that was pasted along with its text
    DUPLICATE = "duplicate"  # the same was read before
    GARBLED = "garbled"  # a row whose cells an export has mixed
    BOILERPLATE = "boilerplate"  # of the site, not of the document
    SPEAKS_TO_A_MODEL = "speaks_to_a_model"  # it gives instructions to a model
    BUDGET = "budget"  # there were no tokens left to read it
    CHANGED = "changed"  # the document was changed or deleted meanwhile
    WITHHELD = "withheld"  # the model's provider, or a check of ours, let nothing of it through


@dataclass(frozen=True, slots=True)
class Source:
    """A version's sentences and rows in order, and why some are set aside, by their indexes."""

    document: Document
    evidence: tuple[Evidence, ...]
    aside: Mapping[int, Aside]
    flawed: Mapping[str, int]  # of what can not be quoted, by reason
    sentences: int  # with what can not be quoted
    tokens: int
    kinds: tuple[UnitKind, ...]  # of the evidence


def read_source(
    library: Library, tenant: str, version: DocumentVersion, since: int | None = None
) -> Source:
    """Read the searchable chunks of a version; raises NotFound where they are no longer there.

    What the version `since` says too is no evidence, unless that one's text is gone.
    """
    chunks: Sequence[Chunk] = library.chunks(tenant, version[0])
    if not chunks or chunks[0].version != version[1]:
        raise NotFound(f"Version {version[1]} of {version[0]!r} is not searchable any more.")
    document = library.document(tenant, *version)
    if since is not None:
        chunks = set_aside_known(document, chunks, text_of(library, tenant, (version[0], since)))
    return source_of(document, chunks)


def text_of(library: Library, tenant: str, version: DocumentVersion) -> str | None:
    """The text of a version, None when it is gone: purged, or deleted with its document."""
    try:
        return library.document(tenant, *version).text
    except NotFound:
        return None


def source_of(document: Document, chunks: Sequence[Chunk]) -> Source:
    """A document as a summary reads it, from its chunks."""
    evidence: list[Evidence] = []
    aside: dict[int, Aside] = {}
    kinds: list[UnitKind] = []
    for chunk in chunks:
        units = evidence_of(document, chunk.units, chunk.heading_path)
        for at, (one, safe) in enumerate(zip(units, harmless(units), strict=True)):
            if not safe:
                aside[len(evidence) + at] = Aside.SPEAKS_TO_A_MODEL
            elif is_boilerplate(one.text):
                aside[len(evidence) + at] = Aside.BOILERPLATE
        evidence += units
        kinds += [unit.kind for unit in chunk.units if unit.quotable]
    units_of = [unit for chunk in chunks for unit in chunk.units]
    flaws = Counter(unit.flaw.value for unit in units_of if unit.flaw is not None)
    return Source(
        document=document,
        evidence=tuple(evidence),
        aside=aside,
        flawed=dict(flaws),
        sentences=sum(unit.kind in (UnitKind.SENTENCE, UnitKind.ROW) for unit in units_of),
        tokens=sum(chunk.token_count for chunk in chunks),
        kinds=tuple(kinds),
    )


def is_boilerplate(text: str) -> bool:
    """Whether a sentence is what a site puts around its articles."""
    return len(text.split()) <= _LONGEST_BOILERPLATE and _BOILERPLATE.match(text) is not None


def plain(text: str) -> str:
    """What two sentences have in common when they are the same but for case and punctuation."""
    return " ".join(re.findall(r"[^\W_]+", text.casefold()))
