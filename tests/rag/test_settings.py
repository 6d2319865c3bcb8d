"""Settings come from the environment and from .env, and a bad one is named."""

from ipaddress import ip_network
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from corpus.types import Limits
from rag.errors import InvalidSettings, RagError
from rag.settings import Settings, load_settings, settings_table, variable

GOOD: dict[str, tuple[str, object]] = {
    "data_dir": ("/srv/pincite", Path("/srv/pincite")),
    "database_url": ("postgresql://me:s3cret@db/x", SecretStr("postgresql://me:s3cret@db/x")),
    "chroma_url": ("https://s3cret@chroma", SecretStr("https://s3cret@chroma")),
    "host": ("0.0.0.0", "0.0.0.0"),  # noqa: S104 - a setting, nothing is bound
    "port": ("9123", 9123),
    "max_file_mb": ("7", 7),
    "max_request_mb": ("70", 70),
    "max_pages": ("50", 50),
    "max_expansion": ("20", 20),
    "max_expanded_mb": ("80", 80),
    "parse_seconds": ("5", 5),
    "parse_memory_mb": ("2048", 2048),
    "chunk_tokens": ("120", 120),
    "encoding": ("o200k_base", "o200k_base"),
    "keep_versions": ("2", 2),
    "keep_answers_days": ("30", 30),
    "threads": ("3", 3),
    "passages": ("12", 12),
    "passage_tokens": ("900", 900),
    "openai_api_key": ("sk-s3cret", SecretStr("sk-s3cret")),
    "llm_base_url": ("http://127.0.0.1:8080/v1", "http://127.0.0.1:8080/v1"),
    "llm_api_key": ("sk-s3cret", SecretStr("sk-s3cret")),
    "llm_model": ("anthropic:claude-x", "anthropic:claude-x"),
    "llm_seconds": ("7.5", 7.5),
    "llm_retries": ("0", 0),
    "llm_max_tokens": ("300", 300),
    "llm_judge": ("true", True),
    "llm_concurrency": ("2", 2),
    "llm_patience_seconds": ("90", 90),
    "llm_price_in": ("0.4", 0.4),
    "llm_price_out": ("1.6", 1.6),
    "summary_tokens": ("1500", 1500),
    "summaries_at_once": ("2", 2),
    "embedding_base_url": ("http://127.0.0.1:8081/v1", "http://127.0.0.1:8081/v1"),
    "embedding_api_key": ("sk-s3cret", SecretStr("sk-s3cret")),
    "embedding_model": ("bge-small", "bge-small"),
    "webhook_allow_private": (
        "Hooks.lan., 10.1.0.0/16,127.0.0.1, fd00::/8",
        (
            "hooks.lan",
            ip_network("10.1.0.0/16"),
            ip_network("127.0.0.1/32"),
            ip_network("fd00::/8"),
        ),
    ),
    "digest_dir": ("/srv/digests", Path("/srv/digests")),
    "log_level": ("debug", "debug"),
}
BAD = {
    "port": ["0", "65536", "http", ""],
    "max_file_mb": ["0", "-1", "1.5", "big"],
    "max_request_mb": ["0", "none"],
    "max_pages": ["0", "all"],
    "max_expansion": ["0", "-1"],
    "max_expanded_mb": ["0", "x"],
    "parse_seconds": ["0", "1.5"],
    "parse_memory_mb": ["511", "x"],
    "chunk_tokens": ["19", "201", "x"],
    "keep_versions": ["0", "all"],
    "keep_answers_days": ["0", "36501", "all"],
    "threads": ["-1", "many"],
    "passages": ["0", "101", "ten"],
    "passage_tokens": ["99", "-5"],
    "llm_seconds": ["0", "-1", "soon"],
    "llm_retries": ["-1", "11", "x"],
    "llm_max_tokens": ["15", "x"],
    "webhook_allow_private": ["10.0.0.1/8", "http://hooks.lan", "hooks lan", "10.1", "a/b", "*"],
    "llm_concurrency": ["0", "257", "x"],
    "llm_patience_seconds": ["-1", "long"],
    "llm_price_in": ["-0.1", "cheap"],
    "llm_price_out": ["-0.1", "cheap"],
    "summary_tokens": ["199", "20001", "x"],
    "summaries_at_once": ["0", "257", "all"],
    "log_level": ["loud", "INFO\n", ""],
}


@pytest.fixture(autouse=True)
def _nothing_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty folder, and no variable of Pincite's."""
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(variable(name), raising=False)


def test_every_setting_is_tried_here() -> None:
    assert set(GOOD) == set(Settings.model_fields)


def test_nothing_has_to_be_set() -> None:
    settings = load_settings()
    assert settings.host == "127.0.0.1"
    assert settings.port == 8000
    assert settings.data_dir.is_absolute()
    assert settings.data_dir.name == "pincite"


@pytest.mark.parametrize("name", GOOD)
def test_a_variable_of_the_environment_is_read(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    written, expected = GOOD[name]
    assert getattr(load_settings(), name) != expected
    monkeypatch.setenv(variable(name), written)
    assert getattr(load_settings(), name) == expected


@pytest.mark.parametrize("name", GOOD)
def test_a_line_of_the_current_folder_s_env_file_is_read(name: str, tmp_path: Path) -> None:
    written, expected = GOOD[name]
    (tmp_path / ".env").write_text(f"{variable(name)}={written}\n")
    assert getattr(load_settings(), name) == expected


def test_the_environment_goes_before_the_env_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text("PINCITE_PORT=9001\nPINCITE_HOST=files\n")
    monkeypatch.setenv("PINCITE_PORT", "9002")
    settings = load_settings()
    assert (settings.port, settings.host) == (9002, "files")


def test_what_else_stands_in_the_env_file_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("OTHER=1\nPINCITE_UNHEARD_OF=2\nPINCITE_PORT=9001\n")
    assert load_settings().port == 9001


@pytest.mark.parametrize(("name", "value"), [(name, bad) for name in BAD for bad in BAD[name]])
def test_a_bad_value_is_named_with_its_variable(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"PINCITE_{name.upper()}", value)
    with pytest.raises(InvalidSettings) as caught:
        load_settings()
    assert f"PINCITE_{name.upper()}={value!r}" in str(caught.value)
    assert "README" in str(caught.value)


def test_every_bad_value_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PINCITE_PORT", "x")
    monkeypatch.setenv("PINCITE_THREADS", "y")
    with pytest.raises(InvalidSettings, match=r"PINCITE_PORT='x'.*PINCITE_THREADS='y'"):
        load_settings()


def test_a_bad_value_of_the_env_file_is_named(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("PINCITE_PASSAGES=ten\n")
    with pytest.raises(InvalidSettings, match="PINCITE_PASSAGES='ten'"):
        load_settings()


def test_invalid_settings_are_an_error_of_the_chain() -> None:
    assert issubclass(InvalidSettings, RagError)


def test_keys_and_addresses_with_a_password_are_never_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, (written, _) in GOOD.items():
        monkeypatch.setenv(variable(name), written)
    settings = load_settings()
    assert "s3cret" not in f"{settings!r} {settings} {settings.model_dump_json()}"


def test_the_limits_of_a_file_are_those_that_are_set() -> None:
    settings = Settings(max_file_mb=3, max_pages=4, max_expansion=5, max_expanded_mb=6)
    assert settings.limits == Limits(4, 5, 6, 3 * 1024 * 1024)


def test_the_key_of_openai_has_the_name_that_all_programs_know() -> None:
    assert variable("openai_api_key") == "OPENAI_API_KEY"


def test_settings_do_not_change() -> None:
    settings = load_settings()
    with pytest.raises(ValidationError, match="frozen"):
        settings.port = 1  # type: ignore[misc]


def test_the_table_has_every_setting_with_its_default() -> None:
    lines = settings_table().splitlines()
    assert lines[0] == "| variable | default | what it sets |"
    rows = dict(zip(Settings.model_fields, lines[2:], strict=True))
    for name, row in rows.items():
        field = Settings.model_fields[name]
        assert row.startswith(f"| `{variable(name)}` | ")
        assert field.description
        assert row.endswith(f" | {field.description} |")
        if field.default_factory is None and field.default is not None:
            assert f"| `{field.default}` |" in row
