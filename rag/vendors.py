"""Models of the vendors that LangChain knows, as the settings name them.

Imported only where a remote model is set: LangChain's OpenAI package takes two seconds to import.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx2
from langchain.chat_models import init_chat_model
from langchain_core.language_models import BaseChatModel
from langchain_openai import ChatOpenAI
from openai import AsyncOpenAI, AsyncStream
from pydantic import SecretStr

from rag.connections import Connections
from rag.errors import InvalidSettings
from rag.settings import OPENAI_MODEL, Settings

OPENAI_URL = "https://api.openai.com/v1"
_NO_KEY = SecretStr("no-key")  # the SDK sends one always; servers without keys do not look at it
_CONNECT_SECONDS = 5  # for a host that drops packets; the rest of a call's time is for retries


class _Client(httpx2.AsyncClient):
    """A client that any event loop may use."""

    def __init__(self, timeout: httpx2.Timeout) -> None:
        self.connections = Connections()
        super().__init__(transport=self.connections, timeout=timeout)


class _PlainChunks:
    """The SDK's chat completions, whose streams are of dictionaries.

    The SDK makes a checked object of each chunk, and LangChain makes a dictionary of it again: half
    of all the time that a chunk takes.
    """

    def __init__(self, client: AsyncOpenAI) -> None:
        self._client = client

    async def create(
        self, *, extra_body: Mapping[str, object] | None = None, **body: object
    ) -> AsyncStream[object]:
        """A stream of chunks; nothing else is asked for here."""
        return await self._client.post(
            "/chat/completions",
            cast_to=object,
            body={**body, **(extra_body or {})},
            stream=True,
            stream_cls=AsyncStream[object],
        )

    @property
    def with_raw_response(self) -> object:
        """What LangChain takes what is not streamed from."""
        return self._client.chat.completions.with_raw_response


def chat_model_of(settings: Settings) -> BaseChatModel:
    """The model that writes; raises InvalidSettings for settings that do not fit together."""
    vendor, _, name = (settings.llm_model or "").partition(":")
    if settings.llm_base_url:
        if not settings.llm_model:
            raise InvalidSettings(
                "PINCITE_LLM_BASE_URL is set and PINCITE_LLM_MODEL is not. Name a model that the "
                "endpoint has, as its /models lists them."
            )
        url = checked_url("PINCITE_LLM_BASE_URL", settings.llm_base_url)
        return _openai(settings, settings.llm_model, url, settings.llm_api_key)
    if name and vendor != "openai":
        return _of_vendor(settings, settings.llm_model or "")
    key = settings.llm_api_key or settings.openai_api_key
    if not key:
        raise InvalidSettings(
            f"PINCITE_LLM_MODEL={settings.llm_model!r} is a model of OpenAI and there is no key. "
            "Set PINCITE_LLM_API_KEY or OPENAI_API_KEY, or PINCITE_LLM_BASE_URL for another "
            "endpoint, or name a vendor, as in anthropic:MODEL."
        )
    return _openai(settings, name or vendor or OPENAI_MODEL, OPENAI_URL, key)


def close_connections(model: BaseChatModel) -> None:
    """Close the connections of a model that `chat_model_of` made."""
    client = getattr(model, "http_async_client", None)
    if isinstance(client, _Client):
        client.connections.close()


def checked_url(variable: str, url: str) -> str:
    """A base URL that can be asked; raises InvalidSettings without repeating a password in it."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable, parts = False, urlsplit("")
    if not usable:
        raise InvalidSettings(
            f"{variable} is not the URL of an endpoint. Write it as http://HOST:PORT/v1."
        )
    if parts.username or parts.password:
        raise InvalidSettings(
            f"{variable} has a user or password in it. Leave them out, and give a key in "
            f"{variable.replace('BASE_URL', 'API_KEY')}."
        )
    return url


def _openai(settings: Settings, model: str, url: str, key: SecretStr | None) -> BaseChatModel:
    limit: dict[str, Any] = {"max_tokens": settings.llm_max_tokens}
    if url != OPENAI_URL:  # many servers know this name only, and ChatOpenAI sends a newer one
        limit = {"extra_body": {"max_tokens": settings.llm_max_tokens}}
    if url == OPENAI_URL and model == OPENAI_MODEL:
        limit |= {"reasoning_effort": "none"}
    timeout = httpx2.Timeout(settings.llm_seconds, connect=_CONNECT_SECONDS)
    client = _Client(timeout)
    made = ChatOpenAI(
        model=model,
        base_url=url,
        api_key=key or _NO_KEY,
        temperature=0,
        stream_usage=True,
        stream_chunk_timeout=None,  # `generate` has a deadline, as the client below has
        timeout=timeout,
        max_retries=0,  # `generate` does it
        use_responses_api=False,
        http_async_client=client,
        http_client=httpx2.Client(verify=client.connections.certificates, timeout=timeout),
        **limit,
    )
    made.async_client = _PlainChunks(made.root_async_client)
    return made


def _of_vendor(settings: Settings, model: str) -> BaseChatModel:
    options: dict[str, Any] = {
        "temperature": 0,
        "max_tokens": settings.llm_max_tokens,
        "max_retries": 0,
    }
    if settings.llm_api_key:
        options["api_key"] = settings.llm_api_key
    try:
        made: BaseChatModel = init_chat_model(model, **options)
    except ImportError as error:  # names the package to install
        raise InvalidSettings(f"PINCITE_LLM_MODEL={model!r}: {error}.") from error
    except (ValueError, TypeError) as error:  # an unknown vendor, or a key that is missing
        problem = str(error).strip().partition("\n")[0]
        raise InvalidSettings(f"PINCITE_LLM_MODEL={model!r} can not be used: {problem}") from None
    return made
