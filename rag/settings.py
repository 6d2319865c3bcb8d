"""Settings, from the environment and a `.env` file: the only reader of either."""

import re
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated

from platformdirs import user_data_path
from pydantic import BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from corpus.types import Limits
from rag.errors import InvalidSettings

OPENAI_MODEL = "gpt-5.4-mini"  # of those that can write without reasoning first, the cheaper kind

_HOST = re.compile(r"(?=.*[^\d.])[a-z0-9_-]+(\.[a-z0-9_-]+)*")

HostOrNetwork = IPv4Network | IPv6Network | str


def _hosts_and_networks(value: object) -> object:
    """Host names and networks, from names, addresses and prefixes between commas."""
    if not isinstance(value, str):
        return value
    return tuple(_host_or_network(one.strip()) for one in value.split(",") if one.strip())


def _host_or_network(text: str) -> HostOrNetwork:
    host = text.lower().rstrip(".")
    if _HOST.fullmatch(host):
        return host
    try:
        return ip_network(text.strip("[]"))
    except ValueError as error:
        raise ValueError(f"{text!r} is neither a host name nor a network: {error}") from None


class Settings(BaseSettings):
    """How one Pincite runs. Frozen; every field can be set as `PINCITE_<NAME>`."""

    model_config = SettingsConfigDict(
        env_prefix="PINCITE_", env_file=".env", extra="ignore", frozen=True, populate_by_name=True
    )

    data_dir: Path = Field(
        default_factory=lambda: user_data_path("pincite"),
        description="Folder in which everything is kept.",
        json_schema_extra={"default_text": "the user's data folder, e.g. `~/.local/share/pincite`"},
    )
    database_url: SecretStr | None = Field(
        None,
        description="SQL database, `postgresql://USER:PASSWORD@HOST:5432/DATABASE`.",
        json_schema_extra={"default_text": "SQLite in `pincite.db` in the data folder"},
    )
    chroma_url: SecretStr | None = Field(
        None,
        description="Chroma server, `http://HOST:8000` or `https://TOKEN@HOST`.",
        json_schema_extra={"default_text": "Chroma in the data folder, for one process"},
    )
    host: str = Field("127.0.0.1", description="Address that `pincite serve` listens on.")
    port: int = Field(8000, ge=1, le=65535, description="Port that `pincite serve` listens on.")
    max_file_mb: int = Field(20, ge=1, description="Largest file that is read, in MiB.")
    max_request_mb: int = Field(100, ge=1, description="Largest HTTP request body, in MiB.")
    max_pages: int = Field(
        2000, ge=1, description="Most pages of a PDF, or slides of a presentation."
    )
    max_expansion: int = Field(
        100, ge=1, description="How many times its own size may be packed in a file."
    )
    max_expanded_mb: int = Field(
        500, ge=1, description="Most that may be packed in a file, in MiB."
    )
    parse_seconds: int = Field(60, ge=1, description="Longest time that reading a file may take.")
    parse_memory_mb: int = Field(
        1024, ge=512, description="Most memory that reading a file may take, in MiB; on Linux only."
    )
    chunk_tokens: int = Field(
        80, ge=20, le=200, description="Most tokens of a chunk, when a document is ingested."
    )
    encoding: str = Field(
        "cl100k_base", description="The tiktoken encoding in which tokens are counted."
    )
    keep_versions: int | None = Field(
        None,
        ge=1,
        description="Versions of a document whose text is kept, for citations of older ones.",
        json_schema_extra={"default_text": "all"},
    )
    keep_answers_days: int | None = Field(
        None,
        ge=1,
        le=36_500,
        description="Days for which answers, summaries and runs, with what was sent, are kept.",
        json_schema_extra={"default_text": "for good"},
    )
    threads: int = Field(
        0, ge=0, description="Threads of the embedding model; 0 means one per core."
    )
    passages: int = Field(
        10, ge=1, le=100, description="Passages that a search returns and an answer reads."
    )
    passage_tokens: int = Field(
        2000, ge=100, description="Most tokens of the passages that an answer reads."
    )
    openai_api_key: SecretStr | None = Field(
        None,
        validation_alias="OPENAI_API_KEY",
        description="Key of OpenAI, and enough for its model to write; is sent to OpenAI only.",
        json_schema_extra={"default_text": "none"},
    )
    llm_base_url: str | None = Field(
        None,
        description="OpenAI-compatible endpoint of the model that writes, `http://HOST:PORT/v1`.",
        json_schema_extra={"default_text": "OpenAI's where there is a key, else nothing writes"},
    )
    llm_api_key: SecretStr | None = Field(
        None,
        description="Key of that endpoint, or of the vendor that the model is of.",
        json_schema_extra={"default_text": "`OPENAI_API_KEY` for OpenAI, else none"},
    )
    llm_model: str | None = Field(
        None,
        description="Model there; without a base URL also `VENDOR:MODEL` as LangChain names it.",
        json_schema_extra={"default_text": f"`{OPENAI_MODEL}` of OpenAI"},
    )
    llm_seconds: float = Field(
        60, gt=0, description="Longest time that one call of the model may take, retries included."
    )
    llm_retries: int = Field(
        2, ge=0, le=10, description="How often a call that has brought nothing is made again."
    )
    llm_max_tokens: int = Field(
        1024, ge=16, description="Most tokens that the model may write in one call."
    )
    llm_concurrency: int = Field(
        4, ge=1, le=256, description="Calls of the model that summaries make at a time."
    )
    llm_patience_seconds: float = Field(
        3600,
        ge=0,
        description="Longest time that a summary's job waits for a model that fails.",
    )
    llm_price_in: float | None = Field(
        None,
        ge=0,
        description="Price of a million tokens that the model reads, for the cost of summaries.",
        json_schema_extra={"default_text": "none, and no cost is told"},
    )
    llm_price_out: float | None = Field(
        None,
        ge=0,
        description="Price of a million tokens that the model writes.",
        json_schema_extra={"default_text": "none, and no cost is told"},
    )
    summary_tokens: int = Field(
        3000,
        ge=200,
        le=20_000,
        description="Most tokens of documents that a model reads in one call for a summary.",
    )
    summaries_at_once: int = Field(
        4,
        ge=1,
        le=256,
        description="Summaries and digests that are made at a time, by all processes together, of "
        "which the last to start says how many; the others wait.",
    )
    llm_judge: bool = Field(
        default=False,
        description="Whether the model is also asked about sentences that the checks doubt.",
    )
    embedding_base_url: str | None = Field(
        None,
        description="OpenAI-compatible endpoint of the model that embeds.",
        json_schema_extra={"default_text": "OpenAI's where a model is named, else none is asked"},
    )
    embedding_api_key: SecretStr | None = Field(
        None,
        description="Key of that endpoint.",
        json_schema_extra={"default_text": "`OPENAI_API_KEY` for OpenAI, else none"},
    )
    embedding_model: str | None = Field(
        None,
        description="Remote model that embeds documents and questions.",
        json_schema_extra={"default_text": "the embedded MiniLM"},
    )
    webhook_allow_private: Annotated[
        tuple[HostOrNetwork, ...], NoDecode, BeforeValidator(_hosts_and_networks)
    ] = Field(
        default_factory=tuple,
        description="Hosts and networks, `hooks.lan, 10.1.0.0/16`, that webhooks may reach "
        "although they are private, and without TLS.",
        json_schema_extra={"default_text": "none"},
    )
    digest_dir: Path | None = Field(
        None,
        description="Folder into which digests are written as Markdown and HTML.",
        json_schema_extra={"default_text": "none, and no digest is written to files"},
    )
    log_level: str = Field(
        "warning",
        pattern="^(debug|info|warning|error)$",
        description="debug, info, warning or error.",
    )

    @property
    def limits(self) -> Limits:
        """What a parser may make of one file."""
        return Limits(
            max_pages=self.max_pages,
            max_expansion=self.max_expansion,
            max_expanded_mb=self.max_expanded_mb,
            max_characters=self.max_file_mb * 1024 * 1024,
        )


def load_settings() -> Settings:
    """Settings of this process; raises InvalidSettings that names each bad variable."""
    try:
        return Settings()
    except ValidationError as error:
        problems = "; ".join(
            f"{variable('_'.join(map(str, item['loc'])))}={item['input']!r}: {item['msg']}"
            for item in error.errors()
        )
        raise InvalidSettings(f"{problems}. See the settings in the README.") from error


def variable(name: str) -> str:
    """The variable of the environment that sets a field."""
    field = Settings.model_fields.get(name)
    alias = None if field is None else field.validation_alias
    return alias if isinstance(alias, str) else f"PINCITE_{name.upper()}"


def settings_table() -> str:
    """The settings as a Markdown table, which the README holds."""
    lines = ["| variable | default | what it sets |", "| --- | --- | --- |"]
    for name, field in Settings.model_fields.items():
        extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
        default = extra.get("default_text", f"`{field.default}`")
        lines.append(f"| `{variable(name)}` | {default} | {field.description} |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(settings_table())
