"""Judging beside everything else: in threads that no search waits for."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Lock
from typing import TypeVar

from corpus.weights import cores, give_way
from rag.entailment import ClaimModel
from rag.verify import Evidence, Judgement, judge

T = TypeVar("T")


class Judging:
    """The claim model, which is loaded when it is first asked, and the threads that ask it."""

    def __init__(self, threads: int) -> None:
        """Load nothing yet; `threads` are the model's, 0 for one per core."""
        self._model_threads = threads
        self._threads = ThreadPoolExecutor(cores(), "pincite-judge", initializer=give_way)
        self._loading = Lock()
        self._model: ClaimModel | None = None

    async def judge(
        self, claim: str, evidence: Sequence[Evidence], cited: Sequence[int]
    ) -> Judgement:
        """Judge a claim, as `rag.verify.judge` does."""
        return await self.run(lambda model: judge(claim, evidence, cited=cited, model=model))

    async def run(self, work: Callable[[ClaimModel], T]) -> T:
        """What some work with the model gives; raises what it does, or DamagedModel."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, partial(self._run, work))

    def _run(self, work: Callable[[ClaimModel], T]) -> T:
        with self._loading:
            if self._model is None:
                self._model = ClaimModel(self._model_threads)
        return work(self._model)

    def close(self) -> None:
        """Wait for what is being judged, and end the threads; the rest is given up."""
        self._threads.shutdown(cancel_futures=True)
        if self._model is not None:
            self._model.close()
