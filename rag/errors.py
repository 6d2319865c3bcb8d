"""What can go wrong above the corpus.

RagError
├── InvalidSettings     a variable of the environment or of .env has a value that can not be used
└── UnusableRanking     a reranker returned what it was not given

Errors of the corpus (`corpus.errors`) pass through unchanged.
"""


class RagError(Exception):
    """Base of all errors of the chain; the message says what was wrong and what to do."""


class InvalidSettings(RagError):
    """A variable of the environment or of `.env` has a value that can not be used."""


class UnusableRanking(RagError):
    """A reranker returned a document that it was not given, or not as it was given."""
