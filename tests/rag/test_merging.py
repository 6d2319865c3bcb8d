"""Claims are merged until they fit, but for those that contradict each other."""

import asyncio
from pathlib import Path

from rag import Pipeline, Settings
from rag.claims import Claim
from rag.merging import Merging
from rag.replies import Replies
from tests.rag.reading import run
from tests.scribe import Scribe
from tests.upstream import upstream


def test_claims_that_only_contradict_each_other_are_kept_where_they_do_not_fit(
    tmp_path: Path,
) -> None:
    claims = [
        Claim(f"The new harbour of Skarne cost {figure} million crowns to build.", ((place, 0),))
        for place, figure in enumerate((410, 530))
    ]
    with upstream(Scribe()) as server:
        pipeline = Pipeline(
            Settings(data_dir=tmp_path, threads=1, llm_base_url=server.url, llm_model="scribe")
        )
        try:
            assert pipeline._writer is not None
            replies = Replies(
                pipeline._writer, limit=asyncio.Semaphore(1), width=1, answer_tokens=100
            )
            merging = Merging(
                replies,
                pipeline._model.embed,
                focus=None,
                size=lambda claim: len(claim.text),
                call_tokens=100,
                keep_back=0,
            )
            merged = run(merging.merge(claims, 100))
        finally:
            pipeline.close()
        assert server.requests == []
    assert (merged.claims, merged.pairs, merged.cut_short) == (claims, [(0, 1)], False)
