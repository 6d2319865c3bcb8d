"""A remote model embeds where one is set; what it fails to embed waits, and nothing is lost."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from corpus.embed import MiniLM
from rag import (
    InvalidSettings,
    MalformedCompletion,
    Pipeline,
    ProviderError,
    ProviderRejected,
    ProviderTimeout,
    ProviderUnavailable,
    RateLimited,
    Settings,
    Status,
    Upload,
)
from rag.embedding import RemoteEmbedder, open_embedder
from rag.retrieve import Mode
from rag.upkeep import examine_store, make_vectors_again
from tests.api.serving import free_port
from tests.rag.reading import run
from tests.upstream import (
    Reply,
    Request,
    Upstream,
    body,
    close,
    error,
    hang,
    text,
    upstream,
    vectors,
)

KEY = "sk-proj-s3cret-0123456789"
TEXTS = [
    "The lighthouse was painted blue in 1904.",
    "The ferry sails at noon.",
    "Ferries are late.",
]


@pytest.fixture
def server() -> Iterator[Upstream]:
    with upstream(text("Nobody asks for text here."), key=KEY) as started:
        yield started
        assert started.refused == []


def settings_for(url: str, folder: Path | None = None, **more: Any) -> Settings:
    kept = {} if folder is None else {"data_dir": folder}
    return Settings(
        embedding_base_url=url,
        embedding_model="tiny-embed",
        embedding_api_key=KEY,
        threads=1,
        **{"llm_retries": 0, **kept, **more},
    )


@contextmanager
def embedder_at(url: str, embedded: MiniLM, **more: Any) -> Iterator[RemoteEmbedder]:
    made = open_embedder(settings_for(url, **more), embedded)
    assert isinstance(made, RemoteEmbedder)
    yield made
    made.close()


def rows(*given: Any) -> Callable[[Request], Reply]:
    """Answers with these as the vectors, whatever was asked."""
    data = [{"object": "embedding", "index": at, "embedding": row} for at, row in enumerate(given)]
    answer = json.dumps({"object": "list", "data": data, "model": "tiny-embed"})
    return lambda _: body(answer, media_type="application/json")


def add_texts(pipeline: Pipeline) -> None:
    run(pipeline.add([Upload(one, "text/plain", f"{at}.txt") for at, one in enumerate(TEXTS)]))


def nearest(pipeline: Pipeline, query: str) -> str:
    return run(pipeline.search(query, mode=Mode.DENSE))[0].text


def test_vectors_are_those_of_the_server_in_order_and_of_length_one(
    server: Upstream, model: MiniLM
) -> None:
    with embedder_at(server.url, model) as embedder:
        made = embedder.embed(TEXTS)
        again = embedder.embed([TEXTS[1]])
    assert made.dtype == np.float32
    assert made.shape == (3, 64)
    assert np.allclose(np.linalg.norm(made, axis=1), 1)
    assert np.allclose(made[1], again[0])
    assert not np.allclose(made[1], made[0])
    assert server.requests[0].json == {
        "input": TEXTS,
        "model": "tiny-embed",
        "encoding_format": "float",
    }


def test_no_request_has_more_texts_than_servers_take(server: Upstream, model: MiniLM) -> None:
    texts = [f"Ferry number {number}." for number in range(70)]
    with embedder_at(server.url, model) as embedder:
        assert embedder.embed(texts).shape == (70, 64)
    assert [len(one.json["input"]) for one in server.requests] == [32, 32, 6]


def test_the_fingerprint_tells_the_place_and_the_model(model: MiniLM) -> None:
    def fingerprint(url: str, name: str) -> str:
        made = open_embedder(Settings(embedding_base_url=url, embedding_model=name), model)
        return made.fingerprint

    places = ["http://127.0.0.1:1/v1", "http://127.0.0.1:2/v1"]
    made = [fingerprint(url, name) for url in places for name in ("a", "b")]
    assert len({*made, model.fingerprint}) == 5
    assert made[0] == fingerprint("http://127.0.0.1:1/v1", "a")


def test_with_nothing_set_the_embedded_model_embeds(model: MiniLM) -> None:
    assert open_embedder(Settings(openai_api_key=KEY), model) is model


def test_documents_and_questions_go_to_the_server_and_sentences_do_not(
    server: Upstream, tmp_path: Path
) -> None:
    pipeline = Pipeline(settings_for(server.url, tmp_path))
    add_texts(pipeline)
    assert run(pipeline.index()) == 3
    assert nearest(pipeline, "lighthouse painted blue") == TEXTS[0]
    answer = run(pipeline.ask("When was the lighthouse painted blue?"))
    pipeline.close()
    assert answer.status is Status.ANSWERED
    assert "1904" in answer.text
    inputs = [one.json["input"] for one in server.requests]
    assert inputs[1:] == [["lighthouse painted blue"], ["When was the lighthouse painted blue?"]]


def test_a_remote_model_takes_over_from_the_embedded_one_and_gives_back(
    server: Upstream, tmp_path: Path
) -> None:
    embedded, remote = Settings(data_dir=tmp_path, threads=1), settings_for(server.url, tmp_path)
    first = Pipeline(embedded)
    add_texts(first)
    run(first.index())
    first.close()
    for settings in (remote, embedded):
        pipeline = Pipeline(settings)
        assert run(pipeline.incomplete()) == ["default"]
        assert run(pipeline.search("lighthouse"))[0].ranks_by.keys() == {"lexical"}
        assert run(pipeline.index()) == 3
        assert run(pipeline.incomplete()) == []
        assert nearest(pipeline, "lighthouse painted blue") == TEXTS[0]
        pipeline.close()


def test_vectors_are_made_again_with_the_remote_model(server: Upstream, tmp_path: Path) -> None:
    settings = settings_for(server.url, tmp_path)
    pipeline = Pipeline(settings)
    add_texts(pipeline)
    run(pipeline.index())
    pipeline.close()
    assert make_vectors_again(settings, lambda _done, _known: None) == 3
    assert examine_store(settings) == []
    assert [one.json["input"] for one in server.requests] == [TEXTS, TEXTS]


def test_what_could_not_be_embedded_waits(tmp_path: Path) -> None:
    replies = [error(500)]
    with upstream(text(), embed=lambda asked: replies.pop() if replies else vectors(asked)) as one:
        pipeline = Pipeline(settings_for(one.url, tmp_path))
        add_texts(pipeline)
        with pytest.raises(ProviderUnavailable):
            run(pipeline.index())
        assert sum(run(pipeline.waiting()).values()) == 3
        assert run(pipeline.index()) == 3
        assert nearest(pipeline, "lighthouse painted blue") == TEXTS[0]
        pipeline.close()


def test_a_question_that_can_not_be_embedded_is_an_error_and_words_are_still_searched(
    tmp_path: Path,
) -> None:
    with upstream(text(), embed=vectors) as server:
        pipeline = Pipeline(settings_for(server.url, tmp_path))
        add_texts(pipeline)
        run(pipeline.index())
    with pytest.raises(ProviderUnavailable):
        run(pipeline.ask("When was the lighthouse painted?"))
    found = run(pipeline.search("lighthouse", mode=Mode.LEXICAL))
    assert [one.text for one in found] == [TEXTS[0]]
    pipeline.close()


@pytest.mark.filterwarnings("ignore:Pydantic serializer warnings")  # of the SDK, about the last
@pytest.mark.parametrize(
    ("reply", "kind", "says"),
    [
        (error(401, f"Incorrect API key provided: {KEY}"), ProviderRejected, "EMBEDDING_API_KEY"),
        (error(404, "No such model."), ProviderRejected, "PINCITE_EMBEDDING_MODEL"),
        (error(429, "Slow down.", retry_after="30"), RateLimited, "Slow down."),
        (error(500), ProviderUnavailable, "status 500"),
        (close(), ProviderUnavailable, "disconnected"),
        (hang(), ProviderTimeout, "in time"),
        (body("<h1>Hello</h1>"), MalformedCompletion, "can not be read"),
        (body("{", media_type="application/json"), MalformedCompletion, "can not be read"),
        (rows(), MalformedCompletion, "for 2 texts"),
        (rows([1, 0]), MalformedCompletion, "for 2 texts"),
        (rows([1, 0], [1, 0], [1, 0]), MalformedCompletion, "for 2 texts"),
        (rows([1, 0], [1]), MalformedCompletion, "can not be read"),
        (rows([1, 0], [0, 0]), MalformedCompletion, "no direction"),
        (rows([1, 0], [1, float("nan")]), MalformedCompletion, "no direction"),
        (rows(1, 2), MalformedCompletion, "for 2 texts"),
        (rows("x", "y"), MalformedCompletion, "can not be read"),
    ],
)
def test_a_fault_of_the_server_has_its_error(
    reply: Reply | Callable[[Request], Reply],
    kind: type[ProviderError],
    says: str,
    model: MiniLM,
) -> None:
    embed = (lambda _: reply) if isinstance(reply, Reply) else reply
    with upstream(text(), embed=embed) as server:
        asking = embedder_at(server.url, model, llm_seconds=1)
        with asking as embedder, pytest.raises(ProviderError) as caught:
            embedder.embed(TEXTS[:2])
    assert caught.type is kind
    assert says in str(caught.value)
    assert KEY not in f"{caught.value} {caught.value.__cause__} {caught.value.__context__}"


def test_a_call_that_failed_is_made_again(model: MiniLM) -> None:
    replies = [error(500), error(429), None]

    def embed(asked: Request) -> Reply:
        return replies.pop(0) or vectors(asked)

    with upstream(text(), embed=embed) as one, embedder_at(one.url, model, llm_retries=2) as made:
        assert made.embed(TEXTS).shape == (3, 64)


def test_a_server_that_is_not_there_is_unavailable(model: MiniLM) -> None:
    asking = embedder_at(f"http://127.0.0.1:{free_port()}/v1", model)
    with asking as embedder, pytest.raises(ProviderUnavailable):
        embedder.embed(TEXTS)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"embedding_base_url": "http://127.0.0.1/v1"}, "PINCITE_EMBEDDING_MODEL"),
        ({"embedding_base_url": "x", "embedding_model": "m"}, "PINCITE_EMBEDDING_BASE_URL"),
        ({"embedding_model": "text-embedding-3-small"}, "OPENAI_API_KEY"),
        ({"embedding_model": "cohere:embed-v4"}, "langchain-cohere"),
        ({"embedding_model": "nobody:embed"}, "nobody"),
    ],
)
def test_settings_that_do_not_fit_together_leave_nothing_open(
    settings: dict[str, Any], says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "langchain_cohere", None)  # as if it were not installed
    with pytest.raises(InvalidSettings, match=says):
        Pipeline(Settings(data_dir=tmp_path, threads=1, **settings))
    Pipeline(Settings(data_dir=tmp_path, threads=1)).close()


@pytest.mark.parametrize("name", ["text-embedding-3-small", "openai:text-embedding-3-small"])
def test_a_model_of_openai_needs_its_key_only(name: str, model: MiniLM) -> None:
    made = open_embedder(Settings(embedding_model=name, openai_api_key=KEY), model)
    assert isinstance(made, RemoteEmbedder)
    inner: Any = made._embeddings
    assert (inner.openai_api_base, inner.model) == (
        "https://api.openai.com/v1",
        "text-embedding-3-small",
    )
