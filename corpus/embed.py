"""The embedded MiniLM (int8 ONNX) behind LangChain's Embeddings."""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from langchain_core.embeddings import Embeddings
from numpy.typing import NDArray
from tokenizers import Encoding, Tokenizer

from corpus.errors import DamagedModel

MODEL_FOLDER = Path(__file__).parent / "models" / "all-minilm-l6-v2"
DIMENSION = 384
_MAX_WORD_PIECES = 256  # the length the model was trained to read; what follows is not seen
_BATCH = 16

Vectors = NDArray[np.float32]


class MiniLM(Embeddings):
    """all-MiniLM-L6-v2, run by onnxruntime: no PyTorch, no download.

    Vectors have 384 dimensions and length 1, so that their dot product is their cosine. A text is
    read up to 256 word pieces. Thread-safe. Its threads end with `close`.

    The int8 scale of the activations is one for a batch, so that a vector moves a little (a cosine
    of .98 or more) with the texts that it is computed with. The same batch gives the same vectors.
    """

    def __init__(self, threads: int = 0, folder: Path = MODEL_FOLDER) -> None:
        """Load and check the model; `threads` of 0 means one per core.

        Raises DamagedModel when a file is missing or is not the one whose SHA-256 is in SHA256SUMS.
        """
        self.fingerprint = _checked(folder)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session: Any = onnxruntime.InferenceSession(
            folder / "model.onnx", options, providers=["CPUExecutionProvider"]
        )
        self._tokenizer: Tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.enable_truncation(_MAX_WORD_PIECES)
        self._tokenizer.no_padding()

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Vectors of `texts`, in their order: float32 [len(texts), 384]."""
        # One by one: encode_batch starts threads that outlive the embedder.
        encodings = [self._tokenizer.encode(text) for text in texts]
        vectors = np.empty((len(texts), DIMENSION), np.float32)
        for batch in _by_length(encodings):
            vectors[batch] = self._run([encodings[at] for at in batch])
        return vectors

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """LangChain's form of `embed`."""
        return [list(map(float, vector)) for vector in self.embed(texts)]

    def embed_query(self, text: str) -> list[float]:
        """LangChain's form of `embed` for one text."""
        return self.embed_documents([text])[0]

    def close(self) -> None:
        """End the model's threads; it can not embed after that."""
        self._session = None

    def _run(self, encodings: Sequence[Encoding]) -> Vectors:
        length = max(len(encoding.ids) for encoding in encodings)
        ids = np.zeros((len(encodings), length), np.int64)
        mask = np.zeros_like(ids)
        for row, encoding in enumerate(encodings):
            ids[row, : len(encoding.ids)] = encoding.ids
            mask[row, : len(encoding.ids)] = 1
        (vectors,) = self._session.run(None, {"input_ids": ids, "attention_mask": mask})
        return np.asarray(vectors, np.float32)


def _by_length(encodings: Sequence[Encoding]) -> Iterator[list[int]]:
    """Positions in batches of similar length, so that little of a batch is padding."""
    order = sorted(range(len(encodings)), key=lambda at: len(encodings[at].ids))
    for start in range(0, len(order), _BATCH):
        yield order[start : start + _BATCH]


def _checked(folder: Path) -> str:
    """SHA-256 of the model, after every file of SHA256SUMS was found to be as listed there."""
    lines = (folder / "SHA256SUMS").read_text().splitlines()
    sums = {name: digest for digest, name in (line.split(maxsplit=1) for line in lines)}
    for name, expected in sums.items():
        path = folder / name
        found = hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else "no file"
        if found != expected:
            raise DamagedModel(
                f"{path} is not the model that was released: its SHA-256 is {found}, "
                f"and {expected} was expected. Install Pincite again."
            )
    return sums["model.onnx"]
