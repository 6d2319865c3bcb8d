"""The claim model itself."""

import json
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from corpus.errors import DamagedModel
from rag.entailment import MODEL_FOLDER, ClaimModel

EXPECTED = json.loads(
    (Path(__file__).parent / "claim_verifier_expected.json").read_text(encoding="utf-8")
)
EVIDENCE = "The council approved the ferry budget of 61.5 million crowns on 3 March 2024."


@pytest.fixture(scope="module")
def model() -> Iterator[ClaimModel]:
    opened = ClaimModel(2)
    yield opened
    opened.close()


@pytest.mark.parametrize("example", EXPECTED["examples"], ids=lambda example: example["claim"])
def test_it_gives_what_its_card_says(model: ClaimModel, example: dict[str, Any]) -> None:
    (pair,) = example["pairs"]
    found = model.inputs(example["evidence"], example["claim"])
    assert found == (pair["input_ids"], pair["token_type_ids"])
    (logit,) = model.logits([(example["evidence"], example["claim"])])
    assert logit == pytest.approx(example["logit"], abs=EXPECTED["tolerance"])


def test_a_claim_that_is_entailed_is_above_one_that_is_not(model: ClaimModel) -> None:
    entailed, other, unrelated = model.logits(
        [
            (EVIDENCE, "The ferry budget was approved in March 2024."),
            (EVIDENCE, "The ferry budget was rejected in March 2025."),
            (EVIDENCE, "Tigers are striped."),
        ]
    )
    assert entailed > max(other, unrelated) + 2


def test_a_pair_has_the_same_logit_alone_and_among_others(model: ClaimModel) -> None:
    pairs = [(EVIDENCE * times, f"The budget was {times} crowns.") for times in (1, 2, 3, 9)]
    together = model.logits(pairs)
    assert np.array_equal(together, np.concatenate([model.logits([pair]) for pair in pairs]))
    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(lambda _: model.logits(pairs), range(6)):
            assert np.array_equal(found, together)


def test_what_is_too_long_is_read_as_far_as_it_goes(model: ClaimModel) -> None:
    ids, types = model.inputs(EVIDENCE * 100, "the ferry " * 400)
    assert len(ids) == len(types) == 384
    assert sum(kind in {1, 2, 3, 4, 6} for kind in types) == 121


def test_no_pairs_have_no_logits(model: ClaimModel) -> None:
    assert model.logits([]).shape == (0,)


@pytest.mark.parametrize(
    "pair",
    [
        ("", ""),
        ("", "x"),
        ("日本語", "\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16")),
        ("\x00", " "),
    ],
)
def test_any_text_has_a_logit(model: ClaimModel, pair: tuple[str, str]) -> None:
    assert np.isfinite(model.logits([pair])).all()


def test_a_damaged_model_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(MODEL_FOLDER, folder)
    with (folder / "tokenizer.json").open("a") as file:
        file.write(" ")
    with pytest.raises(DamagedModel, match=r"tokenizer\.json is not the model that was released"):
        ClaimModel(1, folder)


def test_the_licence_and_the_notice_come_with_the_weights() -> None:
    assert "Apache License" in (MODEL_FOLDER / "LICENSE").read_text()
    assert "CC BY-SA" in (MODEL_FOLDER / "NOTICE").read_text()
