import io
from dataclasses import replace

import pytest
from rich.console import Console

from api.terminal import open_console, shortened, show_answer, show_summary
from corpus.types import Chunk, Passage, Span
from rag.types import (
    Answer,
    Citation,
    Coverage,
    Reason,
    Sentence,
    Status,
    Summary,
    Usage,
    Verdict,
)

HERON = "The heron stands in the reeds."
FISH = "It waits for a fish."
CITATION = Citation(
    id="cit_1",
    marker=1,
    document_id="doc_1",
    version=1,
    span=Span(10, 40),
    quote=HERON,
    page=None,
    title="Birds of the Sound",
    uri="file:///home/me/b%C3%BCrds.md",
    heading_path=("Birds of the Sound", "Waders"),
)
CHUNK = Chunk(1, "doc_1", 1, 0, Span(0, 40), 9, (), ())
ANSWER = Answer(
    id="ans_1",
    question="Where is the heron?",
    standalone_question="Where is the heron?",
    status=Status.ANSWERED,
    reason=None,
    text=f"{HERON} [1]\n{FISH} [1][2]",
    sentences=(
        Sentence(HERON, Span(0, 30), Verdict.SUPPORTED, 1.0, (1,)),
        Sentence(FISH, Span(35, 55), Verdict.SUPPORTED, 1.0, (1, 2)),
    ),
    citations=(CITATION, replace(CITATION, marker=2, quote=FISH, page=4)),
    passages=(Passage(CHUNK, "Birds of the Sound", None, HERON, 0.1, 1, {"dense": 1}),),
    conflicts=(),
    usage=Usage(9),
    timings={},
    model="pincite-extractive",
    prompt_hash=None,
)
SUMMARY = Summary(
    id="sum_1",
    document_ids=("doc_1",),
    focus="fish",
    text=f"{HERON} [1]",
    sentences=ANSWER.sentences[:1],
    citations=(CITATION,),
    coverage=(Coverage("doc_1", "Birds of the Sound", 7, 1, {"residue": 2, "garbled": 0}),),
    usage=Usage(9),
    timings={},
    model="pincite-extractive",
    prompt_hash=None,
)


def shown(thing: Answer | Summary) -> str:
    file = io.StringIO()
    console = Console(file=file, width=80, highlight=False, markup=False, emoji=False)
    if isinstance(thing, Answer):
        show_answer(console, thing)
    else:
        show_summary(console, thing)
    return file.getvalue()


def test_an_answer_is_shown_with_its_markers_and_where_they_point() -> None:
    assert shown(ANSWER) == (
        "Where is the heron?\n"
        "\n"
        "  The heron stands in the reeds. [1]\n"
        "  It waits for a fish. [1][2]\n"
        "\n"
        "  [1] “The heron stands in the reeds.”\n"
        "      Birds of the Sound\n"
        "      Waders · characters 10-40 · bürds.md\n"
        "\n"
        "  [2] “It waits for a fish.”\n"
        "      Waders · page 4 · characters 10-40 · bürds.md\n"
    )


def test_a_summary_is_shown_with_what_was_read_for_it() -> None:
    text = shown(SUMMARY)
    assert text.startswith("Birds of the Sound\nFocus: fish\n\n  The heron stands")
    assert text.endswith("  1 of 7 sentences and table rows are cited; set aside: 2 residue.\n")


@pytest.mark.parametrize("reason", list(Reason))
def test_an_abstention_says_why_and_what_was_searched(reason: Reason) -> None:
    text = shown(
        replace(ANSWER, status=Status.ABSTAINED, reason=reason, text="", sentences=(), citations=())
    )
    assert "  No answer.\n" in text
    assert "    - Birds of the Sound\n" in text


def test_no_line_is_over_80_columns_or_ends_in_a_space() -> None:
    wide = "鷺は葦の中に立っている。" * 9
    text = shown(
        replace(
            ANSWER,
            question="Where " * 40,
            citations=(replace(CITATION, quote=wide, title="A title " * 20, uri=None),),
        )
    )
    console = Console(width=200)
    for line in text.splitlines():
        assert console.measure(line).maximum <= 80
        assert line == line.rstrip()


def test_a_title_without_a_file_is_repeated_at_each_citation() -> None:
    cited = tuple(replace(one, uri=None) for one in ANSWER.citations)
    assert shown(replace(ANSWER, citations=cited)).count("Birds of the Sound") == 2


def test_a_document_can_not_steer_the_terminal() -> None:
    quote = "red \x1b[31m, bell \a, backwards \u202e, a surrogate \ud800"
    text = shown(replace(ANSWER, citations=(replace(CITATION, quote=quote, title="\x1b]0;x\a"),)))
    assert not set(text) & {"\x1b", "\a", "\u202e", "\ud800"}


def test_brackets_of_a_document_are_not_taken_for_markup() -> None:
    text = shown(replace(ANSWER, citations=(replace(CITATION, quote="[bold]a[/bold] :smile:"),)))
    assert "[bold]a[/bold] :smile:" in text


def test_a_long_quote_loses_its_middle_at_spaces() -> None:
    words = " ".join(f"word{n}" for n in range(200))
    short = shortened(words)
    assert len(short) <= 423
    assert short.startswith("word0 word1 ")
    assert short.endswith(" word199")
    assert set(short.split()) <= {*words.split(), "…"}


def test_a_quote_is_shown_on_one_line() -> None:
    assert shortened("a\n  b\tc") == "a b c"


def test_a_console_is_at_most_80_columns_wide() -> None:
    assert open_console().width <= 80


def test_a_web_page_is_shown_with_its_address_once() -> None:
    page = "https://news.example/2026/11/25/heron/7209829/"
    cited = tuple(replace(one, uri=page, heading_path=()) for one in ANSWER.citations)
    text = shown(replace(ANSWER, citations=cited))
    assert text.count(page) == 1
    assert "characters 10-40\n" in text
