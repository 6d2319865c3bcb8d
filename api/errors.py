"""What can go wrong with a request that is neither the corpus' nor the chain's."""


class KeyReused(Exception):
    """The idempotency key came with another request before."""


class AnswerStopped(Exception):
    """The server was stopped before the answer was made."""


class SummaryFailed(Exception):
    """The job that makes a summary failed, or was cancelled, while somebody waited for it."""
