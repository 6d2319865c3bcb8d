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
from rag.sources import Source
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
from rag.verify import CheckedText

__all__ = [
    "Answer",
    "Answering",
    "CheckedText",
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
    "Policy",
    "ProviderError",
    "ProviderRejected",
    "ProviderTimeout",
    "ProviderUnavailable",
    "Question",
    "RagError",
    "RateLimited",
    "Reason",
    "Role",
    "Sentence",
    "Settings",
    "Source",
    "Status",
    "Summary",
    "Turn",
    "UnusableRanking",
    "Upload",
    "Usage",
    "Verdict",
    "load_settings",
]
