"""What can go wrong above the corpus.

RagError
└── InvalidSettings     a variable of the environment or of .env has a value that can not be used

Errors of the corpus (`corpus.errors`) pass through unchanged.
"""


class RagError(Exception):
    """Base of all errors of the chain; the message says what was wrong and what to do."""


class InvalidSettings(RagError):
    """A variable of the environment or of `.env` has a value that can not be used."""
