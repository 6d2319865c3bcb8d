"""What the tests of rag/ share: one pipeline, what it says of the samples, and empty shelves."""

import asyncio
import itertools
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

import evals
from corpus.parse import media_type_of
from corpus.types import Accepted
from rag import Answer, Pipeline, Settings, Summary, Upload
from tests.rag.desk import Desk
from tests.rag.reading import SAMPLES, Samples, Shelf, run
from tests.upstream import Reply, Request, Text, upstream

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Samples]:
    """The samples, ingested once."""
    pipeline = Pipeline(Settings(data_dir=tmp_path_factory.mktemp("rag"), threads=2))
    uploads = [
        Upload(path.read_bytes(), media_type_of(path.name), path.name, external_id=path.name)
        for path in SAMPLES
    ]
    accepted = run(pipeline.add(uploads))
    run(pipeline.index())
    ids = {
        path.name: result.id
        for path, result in zip(SAMPLES, accepted, strict=True)
        if isinstance(result, Accepted)
    }
    assert len(ids) == len(SAMPLES)
    yield Samples(pipeline, ids)
    pipeline.close()


@pytest.fixture(scope="session")
def pipeline(samples: Samples) -> Pipeline:
    """The pipeline that has the samples."""
    return samples.pipeline


@pytest.fixture
def shelf(pipeline: Pipeline) -> Shelf:
    """An empty collection."""
    return Shelf(pipeline, f"shelf {next(_numbers)}")


@pytest.fixture(scope="session")
def new_shelf(pipeline: Pipeline) -> Callable[[], Shelf]:
    """Makes empty collections, one for each example of a property test."""
    return lambda: Shelf(pipeline, f"shelf {next(_numbers)}")


@pytest.fixture(scope="session")
def answers(pipeline: Pipeline) -> Mapping[str, Answer]:
    """The answers to all questions of evals/samples.jsonl, by question."""
    path = Path(next(iter(evals.__path__))) / "samples.jsonl"
    questions = [json.loads(line)["question"] for line in path.read_text("utf-8").splitlines()]

    async def ask_all() -> list[Answer]:
        return [await pipeline.ask(question) for question in questions]

    return dict(zip(questions, run(ask_all()), strict=True))


@pytest.fixture(scope="session")
def summaries(samples: Samples) -> Mapping[str, Summary]:
    """A summary of each sample, by file name."""

    async def summarize_all() -> list[Summary]:
        work = [samples.pipeline.summarize([name]) for name in samples.ids.values()]
        return list(await asyncio.gather(*work))

    return dict(zip(samples.ids, run(summarize_all()), strict=True))


@pytest.fixture(scope="session")
def one_desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A pipeline with a model, shared by all tests of what a model writes."""
    desks: list[Desk] = []

    def reply(request: Request) -> Reply | Text:
        return desks[0].reply(request)

    with upstream(reply) as server:
        settings = Settings(
            data_dir=tmp_path_factory.mktemp("desk"),
            threads=2,
            llm_base_url=server.url,
            llm_model="scribe",
            llm_seconds=10,
            llm_retries=0,
        )
        pipeline = Pipeline(settings)
        desks.append(Desk(pipeline, server))
        yield desks[0]
        pipeline.close()


@pytest.fixture
def desk(one_desk: Desk) -> Desk:
    """The model's pipeline, with an empty collection."""
    one_desk.new_shelf(f"desk {next(_numbers)}")
    return one_desk
