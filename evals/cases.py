"""Cases: what is asked, or was answered by another system, and what is known to be right.

A file of cases has one JSON object a line. A case is one of three kinds:

- a question for Pincite: `question`, and any of `reference` (an answer), `facts` (statements that a
  right answer makes), `forbidden` (words that none may have), `support` (where the documents say
  it), `abstain` (whether the documents do not answer it);
- an answer of another system: also `answer` and `contexts`, the texts that it was made from, to
  which a marker [2] in the answer points by number. The columns of ragas are read as they are;
- documents to summarize: `documents` (file names, titles, URIs or ids), and any of `references`
  (summaries), `facts`.

Each may have an `id`, a `cluster` (cases of one cluster are not independent: a document, a topic),
`tags`, and `metadata`, which is not looked at.
"""

import gzip
import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from corpus.types import Span
from evals.errors import InvalidCases

# A column of ragas, since 0.2 or before, -> the field that it is.
_SAME = {
    "user_input": "question",
    "response": "answer",
    "retrieved_contexts": "contexts",
    "ground_truth": "reference",
}
# Columns of ragas that no score looks at: how its question was made, ids, and a judge's rubrics.
_IGNORED = {
    "reference_contexts",
    "reference_context_ids",
    "retrieved_context_ids",
    "rubrics",
    "evolution_type",
    "episode_done",
    "synthesizer_name",
    "persona_name",
    "query_style",
    "query_length",
}
_SHOWN = 60  # characters of a value that an error shows


class Strict(BaseModel):
    """A row of a file, whose fields are those that are named, of their types."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Support(Strict):
    """Characters that support the answer: a quote of a document.

    `document` is its file name, title, URI or id, whichever no other document has.

    Offsets count code points of its canonical text. Without them the quote is searched for.
    """

    document: str
    quote: str = Field(min_length=1)
    start: int | None = Field(None, ge=0)

    def span_in(self, text: str) -> Span:
        """Where the quote stands in the document's text; raises ValueError where it does not."""
        if self.start is not None and text.startswith(self.quote, self.start):
            return Span(self.start, self.start + len(self.quote))
        if (times := text.count(self.quote)) != 1:
            raise ValueError(
                f"the quote {_short(self.quote)} occurs {times} times in {self.document!r}"
                + ("" if self.start is None else f", and not at {self.start}")
            )
        start = text.index(self.quote)
        return Span(start, start + len(self.quote))


class Case(Strict):
    """One case, as the module says. `abstain` is None where it is not known."""

    id: str = Field("", max_length=200)
    cluster: str = ""
    tags: list[str] = []
    metadata: dict[str, Any] = {}
    question: str | None = Field(None, min_length=1)
    reference: str | None = Field(None, min_length=1)
    facts: list[str] = []
    forbidden: list[str] = []
    support: list[Support] = []
    abstain: bool | None = None
    answer: str | None = None
    contexts: list[str] = []
    documents: list[str] = []
    references: list[str] = []

    @model_validator(mode="after")
    def _is_one_kind(self) -> Self:
        if (self.question is None) == (not self.documents):
            raise ValueError("a case has either a question, or documents to summarize")
        if self.documents and (self.answer is not None or self.contexts or self.support):
            raise ValueError("a summary has neither answer, nor contexts, nor support")
        if self.contexts and self.answer is None:
            raise ValueError("there are contexts, but no answer that was made from them")
        if self.abstain and (self.reference or self.facts or self.support):
            raise ValueError("abstain is true, but there is what an answer should say")
        if self.references and not self.documents:
            raise ValueError('references are for summaries; a question has one "reference"')
        return self

    @property
    def group(self) -> str:
        """What is drawn as a whole: the cluster that was named, the first document, or the case."""
        if self.cluster:
            return self.cluster
        named = [*(one.document for one in self.support), *self.documents]
        return named[0] if named else self.id

    @property
    def sha256(self) -> str:
        """Hash of all that a score may depend on."""
        content = self.model_dump_json(exclude={"id", "cluster", "tags", "metadata"})
        return hashlib.sha256(content.encode()).hexdigest()[:16]


def read_cases(path: Path) -> list[Case]:
    """The cases of a file, each with an id; raises InvalidCases that names the line, or OSError.

    A case without an id gets one from what is asked, so that it keeps it when lines move.
    """
    found: dict[str, int] = {}
    cases: list[Case] = []
    for number, row in rows_of(path):
        case = _case(row, f"{path}, line {number}")
        if case.id in found:
            raise InvalidCases(
                f"{path}, line {number}: line {found[case.id]} has the same "
                f'{"id " + _short(case.id) if row.get("id") else "question"}. Give each an "id".'
            )
        found[case.id] = number
        cases.append(case)
    if not cases:
        raise InvalidCases(f"{path} has no cases. `pincite eval init` makes some to start with.")
    return cases


def rows_of(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """The objects of a JSON lines file, which may be gzipped, with their line numbers.

    Raises InvalidCases, or OSError.
    """
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rb") as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                row = json.loads(line.decode("utf-8-sig" if number == 1 else "utf-8"))
            except ValueError as error:
                raise InvalidCases(f"{path}, line {number}: no JSON: {error}.") from None
            if not isinstance(row, dict):
                raise InvalidCases(f"{path}, line {number}: {_short(row)} is no JSON object.")
            yield number, row


def _case(row: Mapping[str, Any], place: str) -> Case:
    named = _named(row, place)
    try:
        case = Case.model_validate(named)
    except ValidationError as error:
        known = f'{", ".join(Case.model_fields)}; what is your own goes into "metadata"'
        raise InvalidCases(f"{place}: {problems(error, known)}") from None
    if case.id:
        return case
    asked = json.dumps([case.question, case.documents], ensure_ascii=False)
    return case.model_copy(update={"id": f"q_{hashlib.sha256(asked.encode()).hexdigest()[:12]}"})


def _named(row: Mapping[str, Any], place: str) -> dict[str, Any]:
    """A row by our names, without the columns that are ignored."""
    named: dict[str, Any] = {}
    for name, value in row.items():
        ours = _SAME.get(name, name)
        if name in _IGNORED or value is None:
            continue
        if ours in named:
            raise InvalidCases(f"{place}: {ours!r} is given twice, once as {name!r}.")
        named[ours] = value
    return named


def problems(error: ValidationError, known: str) -> str:
    """What is wrong with each field, with its value, in one line; `known` lists the fields."""
    said = []
    for item in error.errors():
        name = ".".join(map(str, item["loc"]))
        if item["type"] == "extra_forbidden":
            said.append(f"{name!r} is no field{f'. Known are {known}' if '.' not in name else ''}")
        elif not name:
            said.append(item["msg"].removeprefix("Value error, "))
        else:
            said.append(f"{name!r}: {item['msg']}, not {_short(item['input'])}")
    return "; ".join(said) + "."


def _short(value: object) -> str:
    shown = json.dumps(value, ensure_ascii=False, default=str)
    return shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}..."


def line_of(case: Case) -> str:
    """A case as a line of a file, without what is not set."""
    return json.dumps(case.model_dump(exclude_defaults=True), ensure_ascii=False) + "\n"
