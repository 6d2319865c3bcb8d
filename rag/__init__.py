"""Chunks become cited answers and summaries. No HTTP."""

from corpus.ingest import Upload
from rag.errors import (
    EmptyCompletion,
    InvalidSettings,
    MalformedCompletion,
    OverlongCompletion,
    ProviderError,
    ProviderRejected,
    ProviderTimeout,
    ProviderUnavailable,
    RagError,
    RateLimited,
    UnusableRanking,
)
from rag.pipeline import Pipeline
from rag.retrieve import Mode
from rag.settings import Settings, load_settings
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

__all__ = [
    "Answer",
    "Citation",
    "CitationState",
    "Conflict",
    "Coverage",
    "EmptyCompletion",
    "InvalidSettings",
    "MalformedCompletion",
    "Mode",
    "OverlongCompletion",
    "Pipeline",
    "ProviderError",
    "ProviderRejected",
    "ProviderTimeout",
    "ProviderUnavailable",
    "RagError",
    "RateLimited",
    "Reason",
    "Sentence",
    "Settings",
    "Status",
    "Summary",
    "UnusableRanking",
    "Upload",
    "Usage",
    "Verdict",
    "load_settings",
]
