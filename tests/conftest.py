"""What all tests share: the token counter, the embedding model, and how hypothesis runs."""

from collections.abc import Callable, Iterator

import pytest
from hypothesis import HealthCheck, settings

from corpus.embed import MiniLM
from corpus.tokens import token_counter
from corpus.weights import cores
from rag.settings import Settings, variable
from tests.real_model import real_model
from tests.servers import chroma, postgres, shared_postgres

__all__ = ["chroma", "postgres", "real_model", "shared_postgres"]

settings.register_profile(
    "pincite",
    deadline=None,
    derandomize=True,
    max_examples=50,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("pincite")


def pytest_xdist_auto_num_workers() -> int:
    """One process more than there are cores: a third of the time they wait for servers."""
    return cores() + 1


@pytest.fixture(scope="session", autouse=True)
def _no_remote_model() -> Iterator[None]:
    """Take away what the environment of whoever runs the tests says of models and keys."""
    with pytest.MonkeyPatch.context() as patch:
        for name in Settings.model_fields:
            if name.startswith(("openai_", "llm_", "embedding_")):
                patch.delenv(variable(name), raising=False)
        yield


@pytest.fixture(scope="session")
def count_tokens() -> Callable[[str], int]:
    """Tokens of cl100k_base."""
    return token_counter()


@pytest.fixture(scope="session")
def model() -> Iterator[MiniLM]:
    """The real embedding model, loaded once."""
    minilm = MiniLM(threads=2)
    yield minilm
    minilm.close()
