"""What can go wrong above the corpus.

RagError
├── InvalidSettings             a variable of the environment or of .env can not be used
├── UnusableRanking             a reranker returned what it was not given
├── BudgetSpent                 a call would take more tokens than are left for a summary
└── ProviderError               a remote model did not do what it was asked
    ├── ProviderTimeout         not within the time that a call may take
    ├── RateLimited             too many requests, or too many tokens, for now
    ├── ProviderRejected        it refuses: the key, the model's name, or what was sent
    ├── ProviderUnavailable     it can not be reached, fails, or hung up before the end
    ├── MalformedCompletion     what came is not as the protocol has it
    ├── EmptyCompletion         the answer has no text
    └── OverlongCompletion      the answer has more text than is read

Errors of the corpus (`corpus.errors`) pass through unchanged.
"""


class RagError(Exception):
    """Base of all errors of the chain; the message says what was wrong and what to do."""


class InvalidSettings(RagError):
    """A variable of the environment or of `.env` has a value that can not be used."""


class UnusableRanking(RagError):
    """A reranker returned a document that it was not given, or not as it was given."""


class BudgetSpent(RagError):
    """A call would take more tokens than are left of a summary's budget."""


class ProviderError(RagError):
    """A remote model did not do what it was asked.

    `partial` is the text that had come by then, empty where none had.
    """

    def __init__(self, message: str, *, partial: str = "") -> None:
        """Say what went wrong, and keep what had come."""
        super().__init__(message)
        self.partial = partial

    def __str__(self) -> str:
        """The message, and how much had come."""
        before = f" {len(self.partial):,} characters had come before." if self.partial else ""
        return f"{self.args[0]}{before}"


class ProviderTimeout(ProviderError):
    """The answer was not complete within the time that a call may take."""


class RateLimited(ProviderError):
    """Too many requests or tokens for now; `retry_after` is in seconds, None where not said."""

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        """Say so, and when it may be tried again."""
        super().__init__(message)
        self.retry_after = retry_after


class ProviderRejected(ProviderError):
    """It refuses the key, the model's name or what was sent, and will again."""


class ProviderUnavailable(ProviderError):
    """It can not be reached, fails, or hung up before the end."""


class MalformedCompletion(ProviderError):
    """What came is not as the protocol has it."""


class EmptyCompletion(ProviderError):
    """The answer has no text."""


class OverlongCompletion(ProviderError):
    """The answer has more text than is read; `partial` is what was."""
