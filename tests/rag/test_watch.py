"""A word that must not leave does not, however it is cut up."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.watch import LeakedPrompt, Watch

WORD = "zq0123456789abcdef"


@pytest.mark.parametrize(
    "text",
    [
        f"The code is {WORD}.",
        f"The code is {WORD.upper()}.",
        f"The code is {'-'.join(WORD)}.",
        f"The code is {' '.join(WORD)}.",
        f"The code is {WORD[:9]}\n{WORD[9:]}.",
    ],
)
@pytest.mark.parametrize("size", [1, 2, 5, 100])
def test_the_word_is_found_and_no_more_than_its_beginning_is_shown(text: str, size: int) -> None:
    watch = Watch(WORD)
    shown = ""
    with pytest.raises(LeakedPrompt):  # noqa: PT012 - what was shown before is looked at
        for at in range(0, len(text), size):
            shown += watch.let_through(text[at : at + size])
    letters = "".join(one for one in shown.lower() if one.isalnum())
    assert WORD[:4] not in letters.removeprefix("thecodeis")


def test_the_word_is_found_over_the_end_of_a_sentence() -> None:
    watch = Watch(WORD)
    watch.let_through(f"The code is {WORD[:10]}.")
    watch.release()
    with pytest.raises(LeakedPrompt):
        watch.let_through(f" {WORD[10:]}")


@given(st.lists(st.text(alphabet="zq01 .", max_size=8), max_size=10))
def test_what_does_not_have_the_word_comes_through_whole(pieces: list[str]) -> None:
    watch = Watch(WORD)
    shown = "".join(watch.let_through(piece) for piece in pieces) + watch.release()
    assert shown == "".join(pieces)
