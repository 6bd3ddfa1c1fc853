"""Read settings: options first, then `EARFUL_…` variables, then `earful.toml` in the data directory."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from core.errors import ConfigError
from core.settings import PriorityWeights, Settings

DEFAULT_DIR = Path("earful-data")
FILE_NAME = "earful.toml"


class _Budget(BaseModel):
    model_config = ConfigDict(extra="forbid")

    daily_requests: int | None = Field(default=None, ge=1)
    daily_usd: float | None = Field(default=None, gt=0)
    pages_per_run: int | None = Field(default=None, ge=1)


class _File(BaseSettings):
    """The form of `earful.toml` and of the environment."""

    model_config = SettingsConfigDict(env_prefix="EARFUL_", env_nested_delimiter="__", extra="ignore")

    store_url: str = ""
    host: str = "127.0.0.1"
    port: int = Field(default=Settings().port, ge=0, le=65535)
    trusted_hosts: Annotated[tuple[str, ...], NoDecode] = ()
    public_url: str = Field(default="", pattern=r"^(https?://[^\s]+)?$")
    proxies: int = Field(default=0, ge=0, le=8)
    allow_networks: Annotated[tuple[str, ...], NoDecode] = ()
    contact: str = Settings().contact
    host_delay: float = Field(default=Settings().host_delay, ge=0, le=3600)
    model_dir: str = ""
    label_threads: int = Field(default=1, ge=1, le=64)
    backup_hours: float = Field(default=Settings().backup_hours, ge=0, le=8760)
    backup_keep: int = Field(default=Settings().backup_keep, ge=1, le=1000)
    retention_days: int = Field(default=0, ge=0, le=36500)
    broker: str = ""
    weights: dict[str, float] = Field(default_factory=dict)
    budgets: dict[str, _Budget] = Field(default_factory=dict)

    @field_validator("allow_networks", "trusted_hosts", mode="before")
    @classmethod
    def split(cls, value: object) -> object:
        """Let the environment name several with commas between them."""
        return (
            tuple(part.strip() for part in value.split(",") if part.strip())
            if isinstance(value, str)
            else value
        )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Let the environment win over the file."""
        del init_settings, dotenv_settings, file_secret_settings
        return env_settings, TomlConfigSettingsSource(settings_cls)


def load_settings(data_dir: Path | None = None) -> Settings:
    """Return the settings for a data directory.

    Raises:
        ConfigError: a value cannot be; the message names it and where it stands.
    """
    chosen = data_dir or DEFAULT_DIR
    path = chosen / FILE_NAME

    class FromFile(_File):
        model_config = SettingsConfigDict(
            env_prefix="EARFUL_", env_nested_delimiter="__", extra="ignore", toml_file=path
        )

    try:
        read = FromFile()
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        raise ConfigError(f"{name} in {path} or EARFUL_{name.upper()}: {first['msg'].lower()}") from error
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path} cannot be read: {error}") from error
    return Settings(
        data_dir=chosen,
        store_url=read.store_url,
        host=read.host,
        port=read.port,
        trusted_hosts=read.trusted_hosts,
        public_url=read.public_url,
        proxies=read.proxies,
        allow_networks=read.allow_networks,
        contact=read.contact,
        host_delay=read.host_delay,
        model_dir=read.model_dir,
        label_threads=read.label_threads,
        backup_hours=read.backup_hours,
        backup_keep=read.backup_keep,
        retention_days=read.retention_days,
        broker=read.broker,
        weights=_weights(read.weights, path),
        budgets={name: budget.model_dump(exclude_none=True) for name, budget in read.budgets.items()},
    )


def _weights(read: dict[str, float], path: Path) -> PriorityWeights:
    known = {each.name for each in fields(PriorityWeights)}
    if unknown := sorted(read.keys() - known):
        raise ConfigError(f"{path} weighs {', '.join(unknown)}; there are {', '.join(sorted(known))}")
    try:
        return PriorityWeights(**read)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error
