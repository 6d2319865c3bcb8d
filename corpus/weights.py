"""The weights of shipped models: found to be those that were released, and run on so many cores."""

import hashlib
import os
import sys
import threading
from pathlib import Path

import onnxruntime

from corpus.errors import DamagedModel


def cores() -> int:
    """The cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def checked(folder: Path) -> str:
    """SHA-256 of the model in a folder, after all of SHA256SUMS was found to be as listed there.

    Raises DamagedModel when a file is missing or is another.
    """
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


def session(folder: Path) -> onnxruntime.InferenceSession:
    """An onnxruntime session of the model in a folder, which runs each call on one thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(
        folder / "model.onnx",
        options,
        providers=["CPUExecutionProvider"],
        # In onnxruntime 1.32 the fused operator is far slower than the two that it replaces.
        disabled_optimizers=["SkipLayerNormFusion"],
    )


def give_way() -> None:
    """Let this thread's work wait for that of others, where the system has priorities of threads.

    For what may take its time beside what somebody waits for.
    """
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 10)
