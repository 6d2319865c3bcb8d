"""The sets `claims`: sentences and short texts, each with evidence and whether it is supported.

WiCE (Kamoi et al., EMNLP 2023), SummEdits (Laban et al., EMNLP 2023), Factcheck-GPT (Wang et al.,
2023), LFQA-Verification (Chen et al., 2023) and FRANK (Pagnoni et al., NAACL 2021). Pitfalls: a
text of several sentences has one label; texts of one `group` share their evidence, so intervals are
resampled by it; the claim verifier was trained on some of the sets, which `SETS` says.
"""

import gzip
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rag.types import Verdict

FOLDER = "claims"


@dataclass(frozen=True, slots=True)
class ClaimSet:
    """A set, or a part of one: the rows of a file whose id begins with `prefix`.

    `trained` says that the claim verifier was trained on it, so that only checks can be measured.
    """

    name: str
    file: str
    prefix: str = ""
    trained: bool = False

    def path(self, data: Path) -> Path:
        """Where its file is in the folder of the data."""
        return data / FOLDER / self.file


SETS = (
    ClaimSet("LFQA", "lfqa-a.jsonl.gz"),
    ClaimSet("FRANK", "frank-valid.jsonl.gz"),
    ClaimSet("SummEdits samsum", "summedits-dev.jsonl.gz", "summedits-samsum-"),
    ClaimSet("SummEdits sales_email", "summedits-dev.jsonl.gz", "summedits-sales_email-"),
    ClaimSet(
        "SummEdits sales_call", "summedits-dev.jsonl.gz", "summedits-sales_call-", trained=True
    ),
    ClaimSet("WiCE", "wice-dev.jsonl.gz", trained=True),
    ClaimSet("Factcheck-GPT", "factcheck-gpt.jsonl.gz", trained=True),
)


@dataclass(frozen=True, slots=True)
class LabelledClaim:
    """A claim and its evidence, which is a plain text."""

    claim: str
    evidence: str
    label: Verdict
    group: str


def read_claims(data: Path, chosen: ClaimSet, limit: int | None = None) -> Sequence[LabelledClaim]:
    """The claims of a set in the file's order, or `limit` of them, spread evenly over it."""
    with gzip.open(chosen.path(data)) as lines:
        rows = [row for row in map(json.loads, lines) if row["id"].startswith(chosen.prefix)]
    step = 1 if limit is None else max(1, -(-len(rows) // limit))
    return [
        LabelledClaim(row["claim"], row["evidence"], Verdict(row["label"]), row["group"])
        for row in rows[::step]
    ]
