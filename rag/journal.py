"""The replies to a job's prompts, kept in the library until the job is done."""

import asyncio

from corpus import summaries
from corpus.library import Library
from rag.keeping import json_of_reply, reply_of_json
from rag.replies import Reply


class LibraryJournal:
    """The journal of one job."""

    def __init__(self, library: Library, tenant: str, job_id: str) -> None:
        """Read and write the replies of `job_id`."""
        self._library = library
        self._tenant = tenant
        self._job_id = job_id

    async def find(self, key: str) -> Reply | None:
        """As `rag.replies.Journal`."""
        content = await asyncio.to_thread(
            summaries.reply_to, self._library, self._tenant, self._job_id, key
        )
        return None if content is None else reply_of_json(content)

    async def keep(self, key: str, reply: Reply) -> None:
        """As `rag.replies.Journal`."""
        await asyncio.to_thread(
            summaries.note_reply,
            self._library,
            self._tenant,
            self._job_id,
            key,
            json_of_reply(reply),
        )

    async def forget(self) -> None:
        """Remove the replies, since what they were for is kept."""
        await asyncio.to_thread(summaries.forget_replies, self._library, self._tenant, self._job_id)
