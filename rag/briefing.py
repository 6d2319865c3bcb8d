"""What the call that writes a summary is shown: claims, and the sentences that they rest on."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from langchain_core.messages import HumanMessage, SystemMessage

from corpus.errors import NotFound
from rag.asking import Asking, repair_prompt
from rag.citations import Pointer, citation_id
from rag.claims import Claim, Ref
from rag.instructions import speaks_to_a_model
from rag.marked import Id
from rag.material import Aside, Source
from rag.offer import MARK, NO_ANSWER, Guard, Offer
from rag.plan import Plan, Read
from rag.prompts import prompt
from rag.sanitize import for_prompt, visible
from rag.types import Style, SummaryTask
from rag.verify import Evidence

_LAYOUTS = {
    Style.PARAGRAPH: "one paragraph of plain sentences, without headings or lists.",
    Style.BULLETS: 'a list. Each point stands on a line of its own that begins with "- ", and is '
    "a sentence or two long.",
    Style.BRIEF: "the gist alone, the most important first, without headings or lists.",
}


@dataclass(frozen=True, slots=True)
class Briefing:
    """The offer to the writing call, and which claims its evidence is of.

    The evidence is in the order of the documents, each sentence with its neighbours, so that what
    is written is judged in its surroundings. `gone` are the places of documents whose versions are
    not searchable any more.
    """

    offer: Offer
    refs: tuple[Ref, ...]  # of the evidence
    claims: tuple[tuple[int, ...], ...]  # indexes of the evidence, by claim
    gone: frozenset[int]

    def pointers(self, evidence: int) -> tuple[Pointer, ...]:
        """What a citation of evidence points at."""
        one = self.offer.evidence[evidence]
        return tuple(Pointer(one.document, span, one.heading_path) for span in one.spans)

    def cited(self, citation_ids: Iterable[str]) -> set[int]:
        """The evidence that citations are of."""
        by_name = {_name(one): at for at, one in enumerate(self.offer.evidence)}
        return {by_name[name] for name in citation_ids if name in by_name}

    def asking(self, task: SummaryTask, words_before: int, guard: Guard) -> Asking:
        """What asks for the text; `words_before` are those of a try that missed its length."""
        system = prompt("summary").fill(
            boundary=guard.boundary,
            canary=guard.canary,
            mark=MARK,
            layout=_LAYOUTS[task.style],
            words=f"about {task.words}",
            length=_correction(task.words, words_before),
            focus="" if task.focus is None else _focus(task.focus),
        )
        quoted = prompt("quoted").fill(boundary=guard.boundary, lines=self.offer.text)
        about = task.focus or "What do the documents say?"
        return Asking(
            [SystemMessage(system), HumanMessage(quoted)],
            lambda sentence, where: repair_prompt(about, sentence, self.offer, where, guard),
            said=task.focus or "",
        )


def brief(plan: Plan, claims: Sequence[Claim], read: Read) -> Briefing:
    """Offer claims with their sentences, or the sentences alone where they are the claims."""
    sources: dict[int, Source] = {}
    gone: set[int] = set()
    for place in sorted({place for claim in claims for place, _ in claim.refs}):
        reading = plan.readings[place]
        try:
            sources[place] = read((reading.document_id, reading.version))
        except NotFound:
            gone.add(place)
    wanted = sorted({ref for claim in claims for ref in claim.refs if ref[0] in sources})
    refs = sorted({near for ref in wanted for near in _near(ref, sources[ref[0]])})
    evidence = tuple(sources[place].evidence[unit] for place, unit in refs)
    index = {ref: at for at, ref in enumerate(refs)}
    shown = _by_document if plan.direct else _by_claim
    ids, lines = shown(claims, index, sources)
    return Briefing(
        offer=Offer(evidence, ids, "\n".join(lines)),
        refs=tuple(refs),
        claims=tuple(tuple(index[ref] for ref in claim.refs if ref in index) for claim in claims),
        gone=frozenset(gone),
    )


def _by_claim(
    claims: Sequence[Claim], index: dict[Ref, int], sources: dict[int, Source]
) -> tuple[dict[Id, int], list[str]]:
    ids: dict[Id, int] = {}
    lines: list[str] = []
    for number, claim in enumerate(claims, start=1):
        refs = [ref for ref in claim.refs if ref in index]
        if not refs:
            continue
        lines.append(f"{MARK} Note {number}: {for_prompt(claim.text)}")
        for sentence, (place, unit) in enumerate(refs, start=1):
            ids[number, sentence] = index[place, unit]
            text = for_prompt(sources[place].evidence[unit].text)
            lines.append(f"{MARK} [{number}.{sentence}] {text}")
    return ids, lines


def _by_document(
    claims: Sequence[Claim], index: dict[Ref, int], sources: dict[int, Source]
) -> tuple[dict[Id, int], list[str]]:
    """The sentences under the titles and headings that they stand under."""
    ids: dict[Id, int] = {}
    lines: list[str] = []
    group: tuple[object, ...] = ()
    number = sentence = 0
    for place, unit in (ref for claim in claims for ref in claim.refs if ref in index):
        one = sources[place].evidence[unit]
        here = place, one.heading_path
        if here != group:
            group, number, sentence = here, number + 1, 0
            heading = " > ".join((one.document.title, *one.heading_path))
            if speaks_to_a_model(heading):
                heading = "a document"
            lines.append(f"{MARK} {number}, from: {for_prompt(heading)}")
        sentence += 1
        ids[number, sentence] = index[place, unit]
        lines.append(f"{MARK} [{number}.{sentence}] {for_prompt(one.text)}")
    return ids, lines


def _near(ref: Ref, source: Source) -> list[Ref]:
    place, unit = ref
    return [
        (place, at)
        for at in (unit - 1, unit, unit + 1)
        if 0 <= at < len(source.evidence) and source.aside.get(at) is not Aside.SPEAKS_TO_A_MODEL
    ]


def _name(one: Evidence) -> str:
    return citation_id(one.document.id, one.document.version, one.spans[0])


def _focus(focus: str) -> str:
    return (
        f"\n7. Write about this alone: {visible(focus)}\nIf the documents say nothing about it, "
        f"write {NO_ANSWER} and nothing else."
    )


def _correction(words: int, before: int) -> str:
    if not before:
        return ""
    wrong = "long" if before > words else "short"
    return f"An earlier try had {before} words, which is too {wrong}."
