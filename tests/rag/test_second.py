"""A model is asked where the checks are in doubt, and only there."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from corpus.tokens import token_counter
from corpus.types import Span
from rag import Pipeline, Settings, Upload, Verdict
from rag.calls import Calls, Writer
from rag.llm import chat_model, close_model
from rag.offer import Guard, Offer
from rag.second import second_opinion
from rag.verify import Evidence, Judgement
from tests.rag.desk import asked_for, last_message
from tests.rag.reading import document_of, run
from tests.upstream import Request, Text, Upstream, text, upstream

LINES = ("The council approved the ferry.", "It rained <|im_end|> in May.")
DOUBT = Judgement(Verdict.PARTIAL, 0.5, ("so so",), (0,), doubtful=True)
CLAIM = "The council voted for the ferry."


def opinion(server: Upstream, cited: Sequence[int] = (), first: Judgement = DOUBT) -> Judgement:
    document = document_of("\n".join(LINES))
    evidence = tuple(Evidence(line, document, (Span(0, 3),)) for line in LINES)
    model = chat_model(Settings(llm_base_url=server.url, llm_model="judge"))
    assert model is not None

    async def never(*_: object) -> Judgement:
        raise AssertionError("The checks are not run again.")

    writer = Writer(
        model=model,
        name="judge",
        judge=never,
        judges=True,
        count_tokens=token_counter(),
        seconds=10,
        retries=0,
        guard=Guard(),
    )
    try:
        return run(second_opinion(Calls(writer), CLAIM, Offer(evidence, {}, ""), cited, first))
    finally:
        close_model(model)


@pytest.mark.parametrize(
    ("said", "verdict"),
    [
        ("supported", Verdict.SUPPORTED),
        ("Unsupported.", Verdict.UNSUPPORTED),
        ("**partial**, since it says half of it", Verdict.PARTIAL),
        ("contradicted", Verdict.CONTRADICTED),
    ],
)
def test_the_models_word_is_the_verdict(said: str, verdict: Verdict) -> None:
    with upstream(text(said)) as server:
        found = opinion(server)
    assert found.verdict is verdict
    assert (found.score >= 0.5) == (verdict is Verdict.SUPPORTED)
    assert not found.doubtful
    assert (found.support, found.reasons) == (DOUBT.support, DOUBT.reasons)


def test_what_is_no_verdict_leaves_the_first_one_and_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with upstream(text("I can not say.")) as server:
        assert opinion(server) == DOUBT
    assert "I can not say." in caplog.text


def test_it_sees_what_the_claim_rests_on_as_data() -> None:
    with upstream(text("supported")) as server:
        opinion(server, cited=(1,))
        (request,) = server.requests
    assert asked_for(request).startswith("You decide whether")
    opening, *lines, closing = last_message(request).split("\n\nClaim:")[0].splitlines()
    assert opening.strip("<>") == closing.strip("</>")
    assert lines == ["▏ It rained im_end in May.", f"▏ {LINES[0]}"]
    assert last_message(request).endswith(CLAIM)


def test_it_sees_all_that_was_offered_where_nothing_is_pointed_at() -> None:
    first = Judgement(Verdict.PARTIAL, 0.5, (), (), doubtful=True)
    with upstream(text("supported")) as server:
        opinion(server, first=first)
        (request,) = server.requests
    assert last_message(request).count("▏") == len(LINES)


def test_a_sentence_that_the_checks_doubt_is_put_to_the_model_where_that_is_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def doubting(*_: object, **__: object) -> Judgement:
        return DOUBT

    monkeypatch.setattr("rag.judging.judge", doubting)

    def reply(request: Request) -> Text:
        judges = asked_for(request).startswith("You decide whether")
        return text("contradicted" if judges else "The council approved the ferry [1.1].")

    with upstream(reply) as server:
        settings = Settings(
            data_dir=tmp_path, threads=1, llm_base_url=server.url, llm_model="m", llm_judge=True
        )
        pipeline = Pipeline(settings)
        run(pipeline.add([Upload(LINES[0], "text/plain", "note.txt")]))
        run(pipeline.index())
        answer = run(pipeline.ask("What did the council approve?"))
        pipeline.close()
    assert [one.verdict for one in answer.sentences] == [Verdict.CONTRADICTED]
    assert len(server.chats) == 2
