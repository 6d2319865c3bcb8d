"""Which stretches of the evidence are read with a claim."""

from hypothesis import given
from hypothesis import strategies as st

from rag.windows import ranked, windows

TEXTS = (
    "The harbour was built in 1860.",
    "The ferry Sandel sails at noon.",
    "Its cafe sells herring.",
    "A bridge to the island is planned.",
)


def test_texts_that_share_rarer_words_come_first() -> None:
    texts = ["The ferry is blue.", "The ferry is old.", "The herring is blue.", "The sun is up."]
    assert ranked("The ferry serves herring.", texts)[0] == 2


def test_all_of_short_evidence_is_one_window_and_the_nearest_has_its_neighbours() -> None:
    assert windows("When does the Sandel sail?", TEXTS, (), [9] * 4) == [(0, 1, 2, 3), (0, 1, 2)]


def test_what_is_cited_is_in_the_wide_window_and_in_one_of_its_own() -> None:
    found = windows("When does the Sandel sail?", TEXTS, (3,), [300] * 4)
    assert found == [(3,)]
    assert windows("When does the Sandel sail?", TEXTS, (3, 1), [170] * 4) == [(1, 3), (3,), (1,)]


def test_a_text_that_is_too_long_is_read_alone() -> None:
    assert windows("The ferry sails.", TEXTS, (), [900] * 4) == [(1,)]


@given(
    st.lists(st.tuples(st.text(max_size=30), st.integers(1, 400)), min_size=1, max_size=12),
    st.text(max_size=30),
    st.data(),
)
def test_windows_are_in_order_and_fit(
    evidence: list[tuple[str, int]], claim: str, data: st.DataObject
) -> None:
    texts, sizes = zip(*evidence, strict=True)
    cited = data.draw(st.lists(st.integers(0, len(texts) - 1), unique=True, max_size=3))
    found = windows(claim, texts, cited, sizes)
    assert found
    assert len(found) == len(set(found))
    for window in found:
        assert list(window) == sorted(set(window))
        assert len(window) == 1 or sum(sizes[at] for at in window) <= 350
    assert set(cited[:1]) <= set(found[0])
