"""The sets `claims`: sentences and short texts, each with evidence and whether it is supported.

WiCE (Kamoi et al., EMNLP 2023), SummEdits (Laban et al., EMNLP 2023), Factcheck-GPT (Wang et al.,
2023), LFQA-Verification (Chen et al., 2023) and FRANK (Pagnoni et al., NAACL 2021). What is
published is the balanced accuracy, mostly as MiniCheck (Tang et al., EMNLP 2024) has it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from evals.benchmarks.published import MEASURED, Published
from evals.cases import rows_of
from evals.sampling import sample
from rag.types import Verdict

FOLDER = "claims"
PITFALLS = (
    "a text of several sentences has one label; texts of one group share their evidence, so groups "
    "are drawn for the intervals; the claim model was trained on some of the sets, where only the "
    "checks are measured"
)

_MINICHECK = "MiniCheck, 2024"
_SUMMEDITS = "SummEdits, 2023"
_TEST = "of the test split"
_DOMAINS = "the mean of all ten domains"
_ALL_SETS = "the mean of all sets of LLM-AggreFact"

_OF_LFQA = (
    Published("MiniCheck-FT5", 0.852, _MINICHECK, _TEST),
    Published("AlignScore", 0.845, _MINICHECK, _TEST),
)
_OF_WICE = (
    Published("GPT-4-turbo", 0.804, _MINICHECK, _TEST),
    Published("MiniCheck-FT5", 0.722, _MINICHECK, _TEST),
    Published("AlignScore", 0.660, _MINICHECK, _TEST),
    Published("numbers and names that occur", 0.744, MEASURED),
)
_OF_SUMMEDITS = (
    Published("GPT-4", 0.821, _SUMMEDITS, _DOMAINS),
    Published("SummaC-Conv", 0.571, _SUMMEDITS, _DOMAINS),
)
_OF_THE_KIND = (
    Published("GPT-4o", 0.759, _MINICHECK, _ALL_SETS),
    Published("MiniCheck-FT5", 0.750, _MINICHECK, _ALL_SETS),
    Published("HHEM-2.1", 0.718, _MINICHECK, _ALL_SETS),
)


@dataclass(frozen=True, slots=True)
class ClaimSet:
    """A set, or a part of one: the rows of a file whose id begins with `prefix`.

    `trained` says that the claim verifier was trained on it, so that only checks can be measured.
    """

    name: str
    file: str
    licence: str
    published: tuple[Published, ...]
    prefix: str = ""
    trained: bool = False

    def path(self, data: Path) -> Path:
        """Where its file is in the folder of the data."""
        return data / FOLDER / self.file


_SUMMEDITS_FILE = "summedits-dev.jsonl.gz"
SETS = (
    ClaimSet("LFQA", "lfqa-a.jsonl.gz", "no licence stated", _OF_LFQA),
    ClaimSet("FRANK", "frank-valid.jsonl.gz", "MIT, the annotations", _OF_THE_KIND),
    *(
        ClaimSet(
            f"SummEdits {domain}",
            _SUMMEDITS_FILE,
            "Apache-2.0",
            _OF_SUMMEDITS,
            prefix=f"summedits-{domain}-",
            trained=domain == "sales_call",
        )
        for domain in ("samsum", "sales_email", "sales_call")
    ),
    ClaimSet("WiCE", "wice-dev.jsonl.gz", "ODC-BY", _OF_WICE, trained=True),
    ClaimSet("Factcheck-GPT", "factcheck-gpt.jsonl.gz", "Apache-2.0", _OF_THE_KIND, trained=True),
)


@dataclass(frozen=True, slots=True)
class LabelledClaim:
    """A claim and its evidence, which is a plain text."""

    claim: str
    evidence: str
    label: Verdict
    group: str


def read_claims(
    data: Path, chosen: ClaimSet, limit: int | None = None, seed: int = 0
) -> Sequence[LabelledClaim]:
    """The claims of a set in the file's order, or `limit` of them, drawn by the seed."""
    all_rows = (row for _, row in rows_of(chosen.path(data)))
    rows = [row for row in all_rows if row["id"].startswith(chosen.prefix)]
    return [
        LabelledClaim(row["claim"], row["evidence"], Verdict(row["label"]), row["group"])
        for row in sample(rows, limit, seed)
    ]
