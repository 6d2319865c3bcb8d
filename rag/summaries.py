"""Summaries of one library: which documents, by the model or by quoting, and what they take."""

import math
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache

from corpus.errors import InvalidRequest
from corpus.filters import Filter
from corpus.ingest import Embed
from corpus.library import Library
from corpus.searchable import searchable_versions
from corpus.types import DocumentVersion
from rag.abstractive import Desk, abstract
from rag.calls import Writer
from rag.llm import has_model
from rag.material import Source, read_source
from rag.merging import kept_share
from rag.plan import ANSWERED, LEAST_READ, OVERHEAD, Plan, Read, make_plan
from rag.reading import batch_messages
from rag.replies import Replies
from rag.settings import Settings
from rag.summarize import summary_by_quoting
from rag.types import Answering, Estimate, Summary, SummaryTask
from rag.words import check_written

_HELD = 64  # documents that are kept taken apart, since a batch may have that many


class Summaries:
    """What summaries of a tenant's documents are made with."""

    def __init__(
        self,
        library: Library,
        tenant: str,
        embed: Embed,
        count_tokens: Callable[[str], int],
        settings: Settings,
    ) -> None:
        """Read documents from a library as they are asked for."""
        self._library = library
        self._tenant = tenant
        self._embed = embed
        self._count_tokens = count_tokens
        self._settings = settings

    def plan(self, task: SummaryTask, writer: Writer | None) -> Plan | None:
        """As `Pipeline.plan_summary`."""
        self.check(task)
        if task.answering is Answering.EXTRACTIVE or writer is None:
            return None
        return make_plan(
            task,
            self._reader(task),
            self._count_tokens,
            call_tokens=self._settings.summary_tokens,
            answer_tokens=self._settings.llm_max_tokens,
        )

    def check(self, task: SummaryTask) -> None:
        """As `Pipeline.check_summary`."""
        check_task(task)
        check_wish(task, self._settings)

    def estimate(self, task: SummaryTask, writer: Writer | None) -> Estimate:
        """As `Pipeline.estimate_summary`.

        What is sent to read the documents is counted; the rest is estimated from the sizes.
        """
        plan = self.plan(task, writer)
        if plan is None:
            return Estimate(0, 0, 0, 0, None, len(task.versions))
        settings, read = self._settings, self._reader(task)
        room = settings.summary_tokens
        prompt, completion = OVERHEAD, round(task.words * 2)
        if plan.direct:
            prompt += round(plan.read * 1.3)
        else:
            for batch in plan.batches:
                texts = batch_messages(plan, batch, read, task.focus, settings.llm_max_tokens)
                prompt += sum(map(self._count_tokens, texts))
            levels = list(_levels(plan, settings))
            completion += sum(noted for noted, _ in levels)
            prompt += sum(noted + groups * OVERHEAD for noted, groups in levels)
            prompt += min(2 * room, 3 * levels[-1][0])
        return Estimate(
            calls_of(plan, settings),
            plan.read,
            prompt,
            completion,
            self._price(prompt, completion),
            len(plan.readings),
        )

    async def write(self, task: SummaryTask, plan: Plan, replies: Replies) -> Summary:
        """The summary that the model writes; raises ProviderError."""
        desk = Desk(
            read=self._reader(task),
            embed=self._embed,
            call_tokens=self._settings.summary_tokens,
            answer_tokens=self._settings.llm_max_tokens,
            price=self._price,
        )
        return await abstract(task, plan, desk, replies)

    def quote(self, task: SummaryTask, on_read: Callable[[int], None] | None = None) -> Summary:
        """The summary that quotes; `on_read` is told how many documents are read."""
        check_task(task)
        return summary_by_quoting(task, self._reader(task), self._embed, on_read)

    def _reader(self, task: SummaryTask) -> Read:
        since = dict(task.since)

        @lru_cache(maxsize=_HELD)
        def read(version: DocumentVersion) -> Source:
            return read_source(self._library, self._tenant, version, since.get(version[0]))

        return read

    def _price(self, prompt: int, completion: int) -> float | None:
        return price(self._settings, prompt, completion)


def price(settings: Settings, prompt: int, completion: int) -> float | None:
    """What tokens sent to and written by the model cost; None where no price is set."""
    into, out = settings.llm_price_in, settings.llm_price_out
    if into is None and out is None:
        return None
    return round((prompt * (into or 0.0) + completion * (out or 0.0)) / 1e6, 6)


def calls_of(plan: Plan, settings: Settings) -> int:
    """About how many calls of the model a summary takes."""
    if plan.direct:
        return 1
    return 1 + len(plan.batches) + sum(groups for _, groups in _levels(plan, settings))


def _levels(plan: Plan, settings: Settings) -> Iterator[tuple[int, int]]:
    """About how many tokens of claims each level gives, and in how many calls it was merged.

    The first gives what was noted, in none.
    """
    most = len(plan.batches) * settings.llm_max_tokens
    noted, groups = round(min(ANSWERED * plan.read, most)), 0
    yield noted, groups
    room = 2 * settings.summary_tokens
    while (total := 2.5 * noted) > room:  # with the sentences that the claims rest on
        groups = math.ceil(noted / settings.summary_tokens)
        noted = round(noted * kept_share(room, total))
        yield noted, groups


def check_task(task: SummaryTask) -> None:
    """Raise InvalidRequest for a task without documents, or with a blank focus."""
    if not task.versions:
        raise InvalidRequest("Name at least one document to summarize.")
    _check_focus(task)


def check_wish(task: SummaryTask, settings: Settings) -> None:
    """Raise InvalidRequest for what can not be done, whatever the documents are.

    A blank focus, a model that is wanted and not there, or a budget in which it can do nothing.
    """
    _check_focus(task)
    if task.answering is Answering.LLM and not has_model(settings):
        raise InvalidRequest(
            'There is no model to write a summary, which mode "llm" asks for. Set '
            "PINCITE_LLM_BASE_URL and PINCITE_LLM_MODEL, or ask with another mode."
        )
    least = 2 * OVERHEAD + settings.llm_max_tokens + 2 * LEAST_READ
    if task.budget_tokens is not None and has_model(settings) and task.budget_tokens < least:
        raise InvalidRequest(
            f"budget_tokens is {task.budget_tokens:,}, in which nothing can be read and "
            f"written. Give {least:,} or more, or leave it out."
        )


def _check_focus(task: SummaryTask) -> None:
    if task.focus is not None:
        check_written("focus", task.focus)


def versions_to_summarize(
    library: Library,
    tenant: str,
    document_ids: Sequence[str] | None,
    collection: str | None,
    where: Filter,
) -> tuple[DocumentVersion, ...]:
    """As `Pipeline.versions_to_summarize`."""
    if document_ids is not None:
        names = tuple(dict.fromkeys(document_ids))
        if not names:
            raise InvalidRequest("Name at least one document to summarize.")
        versions = [(name, library.current_version(tenant, name)) for name in names]
        for name, version in versions:
            if version == 0:
                raise InvalidRequest(f"{name!r} is still being embedded. Try again in a moment.")
        return tuple(versions)
    found = searchable_versions(library, tenant, collection, where)
    if not found:
        place = "" if collection is None else f" of the collection {collection!r}"
        passing = " that passes the filter" if where else ""
        raise InvalidRequest(
            f"No document{place}{passing} is searchable, so there is nothing to summarize."
        )
    return tuple(found)
