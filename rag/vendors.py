"""Models of the vendors that LangChain knows, as the settings name them.

Imported only where a remote model is set: LangChain's OpenAI package takes two seconds to import.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx2
from langchain.chat_models import init_chat_model
from langchain.embeddings import init_embeddings
from langchain_core.embeddings import Embeddings
from langchain_core.language_models import BaseChatModel
from langchain_openai import ChatOpenAI, OpenAIEmbeddings
from openai import AsyncOpenAI, AsyncStream
from pydantic import SecretStr

from rag.connections import Connections
from rag.errors import InvalidSettings
from rag.settings import OPENAI_MODEL, Settings

OPENAI_URL = "https://api.openai.com/v1"
_NO_KEY = SecretStr("no-key")  # the SDK sends one always; servers without keys do not look at it
_BATCH = 32  # texts in one request; servers that have a limit have this one or a higher one
_CONNECT_SECONDS = 5  # for a host that drops packets; the rest of a call's time is for retries

_Model = TypeVar("_Model")


class _Client(httpx2.AsyncClient):
    """A client that any event loop may use.

    `plain` is one for callers of LangChain's synchronous methods.
    """

    def __init__(self, timeout: httpx2.Timeout) -> None:
        self._connections = Connections()
        self.plain = httpx2.Client(verify=self._connections.certificates, timeout=timeout)
        super().__init__(transport=self._connections, timeout=timeout)

    async def leave(self) -> None:
        await self._connections.leave()

    def close(self) -> None:
        self._connections.close()
        self.plain.close()


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


def embeddings_of(settings: Settings) -> tuple[Embeddings, str]:
    """The remote model that embeds, and the URL or the vendor that it is at.

    Raises InvalidSettings for settings that do not fit together.
    """
    model = settings.embedding_model or ""
    vendor, _, name = model.partition(":")
    if not model:
        raise InvalidSettings(
            "PINCITE_EMBEDDING_BASE_URL is set and PINCITE_EMBEDDING_MODEL is not. Name a model "
            "that the endpoint has, as its /models lists them."
        )
    if settings.embedding_base_url:
        url = checked_url("PINCITE_EMBEDDING_BASE_URL", settings.embedding_base_url)
        return _openai_embeddings(settings, model, url, settings.embedding_api_key or _NO_KEY), url
    if name and vendor != "openai":
        options = {"api_key": settings.embedding_api_key} if settings.embedding_api_key else {}
        return _made("PINCITE_EMBEDDING_MODEL", model, init_embeddings, options), vendor
    key = settings.embedding_api_key or settings.openai_api_key
    if not key:
        raise InvalidSettings(
            f"PINCITE_EMBEDDING_MODEL={model!r} is a model of OpenAI and there is no key. Set "
            "PINCITE_EMBEDDING_API_KEY or OPENAI_API_KEY, or PINCITE_EMBEDDING_BASE_URL for "
            "another endpoint, or name a vendor, as in cohere:MODEL."
        )
    return _openai_embeddings(settings, name or vendor, OPENAI_URL, key), OPENAI_URL


def close_connections(model: BaseChatModel) -> None:
    """Close the connections of a model that `chat_model_of` made."""
    client = getattr(model, "http_async_client", None)
    if isinstance(client, _Client):
        client.close()


async def leave_connections(model: BaseChatModel) -> None:
    """Close those of the running loop, and wait until they are."""
    client = getattr(model, "http_async_client", None)
    if isinstance(client, _Client):
        await client.leave()


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
        http_client=client.plain,
        **limit,
    )
    made.async_client = _PlainChunks(made.root_async_client)
    return made


def _openai_embeddings(
    settings: Settings, model: str, url: str, key: SecretStr
) -> OpenAIEmbeddings:
    timeout = httpx2.Timeout(settings.llm_seconds, connect=_CONNECT_SECONDS)
    return OpenAIEmbeddings(
        model=model,
        openai_api_base=url,
        openai_api_key=key,
        # Chunks are short. To check it would take a download, and send numbers that most servers
        # do not know as text.
        check_embedding_ctx_length=False,
        chunk_size=_BATCH,
        model_kwargs={"encoding_format": "float"},  # base64, the SDK's choice, is not known to all
        request_timeout=timeout,
        max_retries=0,  # `RemoteEmbedder` does it
        http_client=httpx2.Client(timeout=timeout),
    )


def _of_vendor(settings: Settings, model: str) -> BaseChatModel:
    options: dict[str, Any] = {
        "temperature": 0,
        "max_tokens": settings.llm_max_tokens,
        "max_retries": 0,
    }
    if settings.llm_api_key:
        options["api_key"] = settings.llm_api_key
    return _made("PINCITE_LLM_MODEL", model, init_chat_model, options)


def _made(
    variable: str, model: str, make: Callable[..., _Model], options: Mapping[str, Any]
) -> _Model:
    """What LangChain makes of a name; raises InvalidSettings where it can not."""
    try:
        return make(model, **options)
    except ImportError as error:  # names the package to install
        raise InvalidSettings(f"{variable}={model!r}: {error}.") from error
    except (ValueError, TypeError) as error:  # an unknown vendor, or a key that is missing
        problem = str(error).strip().partition("\n")[0]
        raise InvalidSettings(f"{variable}={model!r} can not be used: {problem}") from None
