"""The embedded MiniLM (int8 ONNX) behind LangChain's Embeddings."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path

import numpy as np
from langchain_core.embeddings import Embeddings
from numpy.typing import NDArray
from tokenizers import Tokenizer

from corpus.weights import checked, cores, session

MODEL_FOLDER = Path(__file__).parent / "models" / "all-minilm-l6-v2"
DIMENSION = 384
_MAX_WORD_PIECES = 256  # the length the model was trained to read; what follows is not seen
_RUN = 2  # texts that a thread takes at a time: few, or one idles long while the other has the last

Vectors = NDArray[np.float32]


class MiniLM(Embeddings):
    """all-MiniLM-L6-v2, run by onnxruntime: no PyTorch, no download.

    Vectors have 384 dimensions and length 1, so that their dot product is their cosine. A text is
    read up to 256 word pieces. Thread-safe. Its threads end with `close`.

    Every text is run alone, on one thread, and several at once. int8 has one scale for all that is
    run together, so in a batch a vector would move with its neighbours; here a text has the same
    vector always. Nothing is padded either: `python -m evals.speed embed` prints the speed.
    """

    def __init__(
        self, threads: int = 0, folder: Path = MODEL_FOLDER, *, remembers: int = 0
    ) -> None:
        """Load and check the model; `threads` of 0 means one per core.

        The vectors of the `remembers` texts that were asked for last are kept, 1.5 KB each. Raises
        DamagedModel when a file is missing or is not the one whose SHA-256 is in SHA256SUMS.
        """
        self.fingerprint = checked(folder)
        self._session = session(folder)
        self._tokenizer: Tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.enable_truncation(_MAX_WORD_PIECES)
        self._tokenizer.no_padding()
        self._vector = lru_cache(remembers)(self._run)
        self._threads = ThreadPoolExecutor(threads or cores(), "pincite-embed")

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Vectors of `texts`, in their order: float32 [len(texts), 384]."""
        vectors = np.empty((len(texts), DIMENSION), np.float32)

        def run(start: int) -> None:
            for at in range(start, min(start + _RUN, len(texts))):
                vectors[at] = self._vector(texts[at])

        list(self._threads.map(run, range(0, len(texts), _RUN)))
        return vectors

    def _run(self, text: str) -> Vectors:
        ids = np.array([self._tokenizer.encode(text).ids], np.int64)
        ((vector,),) = self._session.run(None, {"input_ids": ids})
        return np.asarray(vector, np.float32)

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """LangChain's form of `embed`."""
        return [list(map(float, vector)) for vector in self.embed(texts)]

    def embed_query(self, text: str) -> list[float]:
        """LangChain's form of `embed` for one text."""
        return self.embed_documents([text])[0]

    def close(self) -> None:
        """End the model's threads; it can not embed after that."""
        self._threads.shutdown()
        self._session = None
