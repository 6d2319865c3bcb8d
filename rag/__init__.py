"""Chunks become cited answers and summaries. No HTTP."""

from corpus.ingest import Upload
from rag.errors import InvalidSettings, RagError, UnusableRanking
from rag.pipeline import Pipeline
from rag.retrieve import Mode
from rag.settings import Settings, load_settings
from rag.sources import Source
from rag.types import (
    Answer,
    Citation,
    CitationState,
    Conflict,
    Coverage,
    Reason,
    Sentence,
    Status,
    Summary,
    Usage,
    Verdict,
)
from rag.verify import CheckedText

__all__ = [
    "Answer",
    "CheckedText",
    "Citation",
    "CitationState",
    "Conflict",
    "Coverage",
    "InvalidSettings",
    "Mode",
    "Pipeline",
    "RagError",
    "Reason",
    "Sentence",
    "Settings",
    "Source",
    "Status",
    "Summary",
    "UnusableRanking",
    "Upload",
    "Usage",
    "Verdict",
    "load_settings",
]
