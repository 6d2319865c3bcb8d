"""The claim model: a small cross-encoder (int8 ONNX) that says whether evidence entails a claim."""

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from corpus.weights import checked, cores, give_way, session
from rag.marks import Mark, marks

MODEL_FOLDER = Path(__file__).parent / "models" / "claim-verifier"
_CLS, _SEP = 101, 102

Pair = tuple[str, str]  # evidence, claim
Logits = NDArray[np.float64]


class ClaimModel:
    """The claim verifier of `models/claim-verifier/CARD.md`: no PyTorch, no download.

    Thread-safe. Its threads end with `close`. As with the embedding model every pair is run alone,
    on one thread, and several at once, so that a pair has the same logit whatever is beside it.
    """

    def __init__(self, threads: int = 0, folder: Path = MODEL_FOLDER) -> None:
        """Load and check the model; `threads` of 0 means one per core.

        Raises DamagedModel when a file is missing or is not the one whose SHA-256 is in SHA256SUMS.
        """
        self.fingerprint = checked(folder)
        config = json.loads((folder / "config.json").read_text())
        self._most: int = config["max_length"]
        self._most_of_claim: int = config["max_claim_tokens"]
        self._session = session(folder)
        self._tokenizer: Tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self._threads = ThreadPoolExecutor(
            threads or cores(), "pincite-claims", initializer=give_way
        )

    def logits(self, pairs: Sequence[Pair]) -> Logits:
        """How far each evidence entails its claim, float64 [len(pairs)]: higher is more.

        Of a pair 384 word pieces are read, at most 120 of them of the claim, from the start of
        each.
        """
        return np.fromiter(self._threads.map(self._logit, pairs), np.float64, len(pairs))

    def inputs(self, evidence: str, claim: str) -> tuple[list[int], list[int]]:
        """The ids of `[CLS] evidence [SEP] claim [SEP]`, and their token types."""
        of_claim, of_evidence = marks(claim, evidence)
        claim_ids, claim_types = self._encoded(claim, of_claim, self._most_of_claim)
        room = self._most - 3 - len(claim_ids)
        ids, types = self._encoded(evidence, of_evidence, room)
        return (
            [_CLS, *ids, _SEP, *claim_ids, _SEP],
            [Mark.EVIDENCE, *types, Mark.EVIDENCE, *claim_types, Mark.CLAIM],
        )

    def count(self, text: str) -> int:
        """How many word pieces a text has."""
        return len(self._tokenizer.encode(text, add_special_tokens=False).ids)

    def close(self) -> None:
        """End the model's threads; it can not judge after that."""
        self._threads.shutdown()
        self._session = None

    def _encoded(self, text: str, painted: bytes, most: int) -> tuple[list[int], list[int]]:
        encoding = self._tokenizer.encode(text, add_special_tokens=False)
        return encoding.ids[:most], [painted[start] for start, _ in encoding.offsets[:most]]

    def _logit(self, pair: Pair) -> float:
        ids, types = self.inputs(*pair)
        fed = {
            "input_ids": np.array([ids], np.int64),
            "token_type_ids": np.array([types], np.int64),
            "attention_mask": np.ones((1, len(ids)), np.int64),
        }
        (logit,) = self._session.run(None, fed)
        return float(logit[0])
