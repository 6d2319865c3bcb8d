"""Passages as they are offered to a model: every sentence with an id, and as data.

The defence is that of Hines et al. 2024, "Defending against indirect prompt injection attacks with
spotlighting": what is quoted is delimited by a word that nobody can guess, and marked throughout.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import compress, pairwise

from corpus.types import Passage
from rag.evidence import Texts
from rag.instructions import speaks_to_a_model
from rag.marked import Id
from rag.sanitize import for_prompt
from rag.verify import Evidence, evidence_of

MARK = "▏"  # before every line of quoted material
NO_ANSWER = "NO ANSWER"


@dataclass(frozen=True, slots=True)
class Guard:
    """Two words that no document can know, made anew for each process.

    `boundary` delimits quoted material in prompts. `canary` stands in system prompts and in nothing
    that they ask for: a text in which it comes out repeats its instructions.
    """

    boundary: str = field(default_factory=lambda: f"quoted-{secrets.token_hex(6)}")
    canary: str = field(default_factory=lambda: f"zq{secrets.token_hex(8)}")


@dataclass(frozen=True, slots=True)
class Offer:
    """What a model may cite: `evidence` in the order in which it is offered, found by `ids`.

    `ids` are (passage, sentence), both from 1; `text` is what stands in the prompt.
    """

    evidence: tuple[Evidence, ...]
    ids: dict[Id, int]
    text: str

    def cited(self, ids: Sequence[Id]) -> tuple[int, ...]:
        """Where in `evidence` the ids are; all of a passage for one without a sentence.

        Ids that were never offered are left out.
        """
        found: dict[int, None] = {}
        for passage, sentence in ids:
            for name, at in self.ids.items():
                if name[0] == passage and sentence in (None, name[1]):
                    found[at] = None
        return tuple(found)


def offer(passages: Sequence[Passage], texts: Texts) -> Offer:
    """Offer the quotable units of passages, whose documents are in `texts`.

    Left out are those that speak to a model.
    """
    evidence: list[Evidence] = []
    ids: dict[Id, int] = {}
    lines: list[str] = []
    for number, passage in enumerate(passages, start=1):
        document = texts[passage.chunk.document_id, passage.chunk.version]
        heading = " > ".join((passage.title, *passage.chunk.heading_path))
        lines.append(f"{MARK} Passage {number}, from: {for_prompt(heading)}")
        units = evidence_of(document, passage.chunk.units, passage.chunk.heading_path)
        safe = compress(units, harmless(units))
        for sentence, unit in enumerate(safe, start=1):
            ids[number, sentence] = len(evidence)
            lines.append(f"{MARK} [{number}.{sentence}] {for_prompt(unit.text)}")
            evidence.append(unit)
    return Offer(tuple(evidence), ids, "\n".join(lines))


def harmless(units: Sequence[Evidence]) -> list[bool]:
    """Which of them do not speak to a model, alone or with the one beside them.

    What follows in the same paragraph is taken for a part of what was said to it.
    """
    if not speaks_to_a_model("\n".join(one.text for one in units)):
        return [True] * len(units)
    spoken = [speaks_to_a_model(one.text) for one in units]
    for at, (one, following) in enumerate(pairwise(units)):
        if not (spoken[at] or spoken[at + 1]):
            spoken[at] = speaks_to_a_model(f"{one.text}\n{following.text}")
        between = one.document.text[one.spans[0].end : following.spans[0].start]
        spoken[at + 1] |= spoken[at] and between.count("\n") < 2
    return [not speaks for speaks in spoken]
