"""Chunks become cited answers and summaries. No HTTP."""

from corpus.ingest import Upload
from rag.errors import InvalidSettings, RagError, UnusableRanking
from rag.pipeline import Pipeline
from rag.retrieve import Mode
from rag.settings import Settings, load_settings
from rag.types import (
    Answer,
    Answering,
    Citation,
    CitationState,
    Conflict,
    Coverage,
    Policy,
    Question,
    Reason,
    Role,
    Sentence,
    Status,
    Summary,
    Turn,
    Usage,
    Verdict,
)

__all__ = [
    "Answer",
    "Answering",
    "Citation",
    "CitationState",
    "Conflict",
    "Coverage",
    "InvalidSettings",
    "Mode",
    "Pipeline",
    "Policy",
    "Question",
    "RagError",
    "Reason",
    "Role",
    "Sentence",
    "Settings",
    "Status",
    "Summary",
    "Turn",
    "UnusableRanking",
    "Upload",
    "Usage",
    "Verdict",
    "load_settings",
]
