"""What retrieval is measured by. Pure functions."""

from collections.abc import Sequence

from corpus.types import Span


def span_recall(references: Sequence[Span], found: Sequence[Span]) -> float:
    """Share of the references' characters that lie in what was found, 0 to 1.

    As in Smith and Troynikov, Evaluating Chunking Strategies for Retrieval, 2024: characters of
    overlapping references count once each time they occur.
    """
    wanted = sum(span.end - span.start for span in references)
    covered = 0
    for reference in references:
        at = reference.start
        for span in sorted(found):
            start, end = max(at, span.start), min(reference.end, span.end)
            if start < end:
                covered += end - start
                at = end
    return covered / wanted
