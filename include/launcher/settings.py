"""The settings of ``make up``, read once from the environment."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from drs_simulator.clock import SpeedError, read_speed
from launcher.components import Executor
from launcher.errors import SettingRefused


def _known_speed(text: str) -> str:
    try:
        read_speed(text)
    except SpeedError as error:
        raise ValueError(str(error)) from error
    return text


Port = Annotated[int, Field(ge=0, le=65535)]


class Settings(BaseSettings):
    """Ports, speed and executor; a port of 0 takes a free one."""

    model_config = SettingsConfigDict(frozen=True, env_ignore_empty=True, str_strip_whitespace=True)

    airflow_port: Port = 8080
    """Airflow's API server and UI, on 127.0.0.1."""

    local_aws_port: Port = 5555
    """Local AWS, on 127.0.0.1."""

    executor: Executor = "local"
    """Where tasks run: beside the scheduler, or in two workers of Celery, with two of everything else."""

    local_aws_speed: Annotated[str, AfterValidator(_known_speed)] = "60"
    """Seconds of local AWS a second: at 60, a job of 20 minutes ends within 20 to 30 seconds."""


def read_settings() -> Settings:
    """Return the settings; raises SettingRefused that names each variable that is wrong."""
    try:
        return Settings()
    except ValidationError as error:
        problems = [
            f"{str(problem['loc'][0]).upper()}={problem['input']}: {problem['msg']}"
            for problem in error.errors()
        ]
        raise SettingRefused("\n".join(problems).replace(": Value error, ", ": ")) from error
