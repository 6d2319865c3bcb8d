"""A model that can summarize, and can do nothing else: it copies from what it is sent.

It stands behind tests.upstream, reads its prompts as a model would, and says which it was sent.
"""

import re
from collections.abc import Callable

from tests.upstream import Reply, Request, Text, text

MAP, REDUCE, WRITE = "You read a part", "You merge claims", "You write a summary"
REPAIR = "You correct one"

_LINE = re.compile(r"^(\d+)\|(.+)$", re.MULTILINE)
_OFFERED = re.compile(r"^\W+\[(\d+\.\d+)\] (.+)$", re.MULTILINE)


def system(request: Request) -> str:
    """What the model is told to do."""
    return str(request.json["messages"][0]["content"])


def quoted(request: Request) -> str:
    """What the model is sent to work on."""
    return str(request.json["messages"][-1]["content"])


class Scribe:
    """Plays the model, for `latency` seconds a call; `writes` replaces its text of a summary."""

    def __init__(self, latency: float = 0.0, every: int = 3) -> None:
        """Note one sentence of `every`."""
        self.latency = latency
        self.every = every
        self.writes: Callable[[Request], str] | None = None
        self.notes: Callable[[Request], str] | None = None
        self.repairs = "NO ANSWER"

    def reset(self) -> None:
        """Be as it was at first."""
        self.every = 3
        self.writes = self.notes = None
        self.repairs = "NO ANSWER"

    def __call__(self, request: Request) -> Reply | Text:
        """The reply to a request."""
        said = self.reply(request)
        size = len(system(request) + quoted(request)) // 4, len(said) // 4
        pause = [self.latency] if self.latency else []
        return text(*pause, said, usage=size)

    def reply(self, request: Request) -> str:
        """What the model says."""
        asked = system(request)
        if asked.startswith(MAP):
            return self.notes(request) if self.notes else self.note(request)
        if asked.startswith(REDUCE):
            return self.merge(request)
        if asked.startswith(WRITE):
            return self.writes(request) if self.writes else self.write(request)
        if asked.startswith(REPAIR):
            return self.repairs
        raise AssertionError(f"The model was not meant to be asked: {asked[:80]}")

    def note(self, request: Request) -> str:
        """One line in so many, as it stands."""
        lines = _LINE.findall(quoted(request))
        most = int(re.findall(r"At most (\d+) claims", system(request))[0])
        kept = lines[:: self.every][:most]
        return "\n".join(f"{said} [{number}]" for number, said in kept)

    def merge(self, request: Request) -> str:
        """The first lines, as many as may be kept, the first of them made of two."""
        lines = _LINE.findall(quoted(request))
        most = int(re.findall(r"at most (\d+) claims", system(request))[0])
        return "\n".join(f"{said} [{number}]" for number, said in lines[:most])

    def write(self, request: Request) -> str:
        """The sentences that it is offered, spread over all of them, up to the length asked for."""
        words = int(re.findall(r"Write about (\d+) words", system(request))[0])
        offered = _OFFERED.findall(quoted(request))
        picked: list[tuple[str, str]] = []
        length = 0
        step = max(1, len(offered) // max(1, words // 15))
        for name, said in [*offered[::step], *offered]:
            size = len(said.split())
            if (name, said) not in picked and length + size <= words * 1.1:
                picked.append((name, said))
                length += size
        lead = "- " if "- " in system(request).split("2. Write")[0] else ""
        end = "\n" if lead else " "
        return end.join(f"{lead}{said} [{name}]" for name, said in picked)


def kinds(requests: list[Request]) -> dict[str, int]:
    """How many of the requests were of which kind."""
    counts: dict[str, int] = {}
    for request in requests:
        for kind in (MAP, REDUCE, WRITE, REPAIR):
            if system(request).startswith(kind):
                counts[kind] = counts.get(kind, 0) + 1
    return counts
