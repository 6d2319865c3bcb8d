"""Which sentences can be quoted by themselves."""

import pytest

from rag.standalone import is_statement, leans


@pytest.mark.parametrize(
    "text",
    [
        "The council approved a new harbour for the town on Monday.",
        "The mayor said: “We will build the harbour in two years.”",
        "The mayor continues: “We will build it in two years or not at all.”",
        "It adds: 'We will build the harbour in two years or not at all.'",
        "Call volumes rose by a fifth in the first week of May.",
        "Der Rat stimmte am Montag dem Bau des neuen Hafens zu.",
        "The *Kittiwake* stays in port until her hull has been inspected.",
        "مجلس المدينة وافق يوم الاثنين على بناء ميناء جديد۔",
    ],
)
def test_a_statement_may_be_quoted(text: str) -> None:
    assert is_statement(text)


@pytest.mark.parametrize(
    "text",
    [
        "Who will pay for the new harbour of the town?",
        "Third reason: the boats are too old for the winter.",
        "Details: 7 p.m. on Friday in the hall of the old school.",
        "**Q: You announced your retirement in the middle of a strike.",
        "**5:40 a.m.** – Line crews are out along the whole coast.",
        "*Halmer Coast Online, Money & Home, with John Smith.",
        "Harbour Authority Signs Dredging Contract to Deepen Outer Channel.",
        "Read more about the strike and its causes on our page.",
        "Get the facts behind the news, plus analysis from here.",
        "(The company has said that it will appeal against this.)",
        "The fish hall of Tolvane at dawn on Wednesday",
        "It is over.",
        "word " * 70 + "word.",
    ],
)
def test_what_is_no_statement_is_left_out(text: str) -> None:
    assert not is_statement(text)


@pytest.mark.parametrize(
    "text",
    [
        "He told the council that the boats were too old.",
        "But the mayor told the council that the boats were old.",
        "Second, the boats are too old for the winter.",
        "Instead, he waited for three hours on the quay.",
        "In some cases, she took part in the meeting herself.",
        "Others are wondering when the next ferry will leave.",
        "Hours later, the council met behind closed doors again.",
        "As a result, the ferry will not sail before Friday.",
        "“We have waited for this harbour for twenty years.”",
        "The harbour will be built, and I am glad of it.”",
        "“The harbour is a good thing for the town,” he said on Monday.",
    ],
)
def test_what_needs_the_sentence_before_it_is_told(text: str) -> None:
    assert leans(text)


@pytest.mark.parametrize(
    "text",
    [
        "The council approved a new harbour for the town on Monday.",
        "When the mayor of Skarne arrived, she was met by a crowd.",
        "“We have waited for it for twenty years,” said the mayor.",
        "This year the council will build a harbour for the town.",
        "No ferry will sail before Friday, the company said.",
        "Then-mayor Marit Holm approved the new harbour in 2019.",
        "Two ferries were damaged by the storm on Wednesday.",
    ],
)
def test_what_names_what_it_speaks_of_does_not(text: str) -> None:
    assert not leans(text)
