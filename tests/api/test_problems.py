"""Errors of a remote model are answered as problems, each with its own status and type."""

import pytest

from api.problems import kind_of, retry_headers
from rag import (
    EmptyCompletion,
    MalformedCompletion,
    OverlongCompletion,
    ProviderError,
    ProviderRejected,
    ProviderTimeout,
    ProviderUnavailable,
    RateLimited,
)


@pytest.mark.parametrize(
    ("kind", "status", "slug"),
    [
        (ProviderError, 502, "model-failed"),
        (ProviderTimeout, 504, "model-timeout"),
        (RateLimited, 429, "model-rate-limited"),
        (ProviderRejected, 502, "model-rejected"),
        (ProviderUnavailable, 503, "model-unavailable"),
        (MalformedCompletion, 502, "model-malformed"),
        (EmptyCompletion, 502, "model-empty"),
        (OverlongCompletion, 502, "model-overlong"),
    ],
)
def test_a_fault_of_a_model_has_its_status_and_type(
    kind: type[ProviderError], status: int, slug: str
) -> None:
    found = kind_of(kind("It did not work."))
    assert (found.status, found.slug) == (status, slug)


def test_every_error_of_a_model_has_a_kind_of_its_own() -> None:
    errors = [ProviderError(""), *(kind("") for kind in ProviderError.__subclasses__())]
    kinds = [kind_of(error) for error in errors]
    assert len({kind.slug for kind in kinds}) == len(kinds)


@pytest.mark.parametrize(
    ("error", "headers"),
    [
        (RateLimited("Slow down.", retry_after=1.2), {"retry-after": "2"}),
        (RateLimited("Slow down."), {}),
        (ProviderUnavailable("It failed."), {}),
    ],
)
def test_the_wait_that_a_model_asks_for_is_passed_on(
    error: ProviderError, headers: dict[str, str]
) -> None:
    assert retry_headers(error) == headers
