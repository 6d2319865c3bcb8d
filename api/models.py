"""The names of models that chat clients choose from: who answers, from which collection."""

from collections.abc import Mapping

from rag.types import EXTRACTIVE, Answering

PINCITE = "pincite"

MODELS: Mapping[str, Answering] = {PINCITE: Answering.AUTO, EXTRACTIVE: Answering.EXTRACTIVE}


class UnknownModel(Exception):
    """There is no model of this name."""


def chosen(name: str) -> tuple[Answering, str | None]:
    """Who answers, and the collection that the name has behind a colon; raises UnknownModel."""
    model, colon, collection = name.partition(":")
    if model not in MODELS or (colon and not collection):
        raise UnknownModel(
            f"There is no model {name!r}. Use one of {', '.join(MODELS)}, alone or with a "
            f"collection behind it, as in {PINCITE}:default."
        )
    return MODELS[model], collection or None
