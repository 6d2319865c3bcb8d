"""Tokens are counted offline, and a table that can not be had is said once."""

import logging
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import tiktoken.registry

from corpus.tokens import DEFAULT_ENCODING, token_counter


@pytest.fixture
def asked_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[list[str]]:
    """The addresses that were asked for; every request fails at the wire."""
    asked: list[str] = []

    def refuse(_adapter: Any, request: requests.PreparedRequest, **_options: object) -> None:
        asked.append(str(request.url))
        raise requests.ConnectionError("the network is unreachable")

    monkeypatch.setattr(requests.adapters.HTTPAdapter, "send", refuse)
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(tiktoken.registry, "ENCODINGS", {})
    token_counter.cache_clear()
    yield asked
    token_counter.cache_clear()


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("", 0),
        ("hello world", 2),
        ("tiktoken is great!", 6),
        ("antidisestablishmentarianism", 6),
        ("2 + 2 = 4", 7),
        ("お誕生日おめでとう", 9),
    ],
)
def test_counts_are_those_of_cl100k_base(
    count_tokens: Callable[[str], int], text: str, tokens: int
) -> None:
    # All but the first two are the figures of OpenAI's cookbook, "How to count tokens".
    assert count_tokens(text) == tokens


def test_special_tokens_count_as_plain_text(count_tokens: Callable[[str], int]) -> None:
    assert count_tokens("<|endoftext|>") > 1
    assert count_tokens("<|im_start|>system") > 2


def test_a_megabyte_of_one_letter_is_counted_in_seconds(
    count_tokens: Callable[[str], int],
) -> None:
    started = time.perf_counter()
    assert count_tokens("a" * 1_000_000) > 100_000
    assert time.perf_counter() - started < 5


def test_a_name_that_is_no_encoding_is_refused() -> None:
    with pytest.raises(ValueError, match="no_such_base"):
        token_counter("no_such_base")


def test_the_default_table_needsasked_for(asked_for: list[str]) -> None:
    assert token_counter(DEFAULT_ENCODING)("hello world") == 2
    assert asked_for == []


def test_a_table_that_can_not_be_downloaded_is_replaced_and_that_is_said_once(
    asked_for: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        counts = [token_counter("o200k_base")("tiktoken is great!") for _ in range(3)]
    assert counts == [6, 6, 6]
    assert asked_for
    assert "o200k_base" in asked_for[0]
    (message,) = [record.getMessage() for record in caplog.records]
    assert "o200k_base can not be downloaded" in message
    assert "cl100k_base" in message
