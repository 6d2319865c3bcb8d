"""What `pincite doctor` prints."""

import sys
from collections.abc import Sequence

from pydantic import TypeAdapter

from corpus.doctor import Finding

_JSON = TypeAdapter(dict[str, Sequence[Finding]])


def show_findings(found: Sequence[Finding], *, as_json: bool) -> None:
    """Each finding with its remedy, or all as JSON, on standard output."""
    if as_json:
        text = _JSON.dump_json({"findings": found}, indent=2).decode()
    elif found:
        text = "\n".join(f"{one.kind}: {one.detail}\n  {one.remedy}" for one in found)
    else:
        text = "Nothing is wrong."
    sys.stdout.write(text + "\n")
