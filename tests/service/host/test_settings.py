"""Settings: their sources in order, what is wrong with them, and the manual's table."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from scripts.manual import filled
from service.cli.serving_commands import setting_option, shown_default
from service.host.settings import PREFIX, Settings, SettingsError, read_settings

ROOT = Path(__file__).parents[3]


def test_options_go_before_the_environment_and_that_before_the_file(tmp_path: Path) -> None:
    file = tmp_path / "service.toml"
    file.write_text('port = 1\nthreads = 2\nworkers = 3\nmodels = ["a", "b"]\n')
    environment = {"THISPLUSTHAT_PORT": "10", "THISPLUSTHAT_THREADS": "20", "THISPLUSTHAT_LOG_REQUESTS": "false"}
    settings = read_settings(file, environment, {"port": 100, "workers": None})
    assert (settings.port, settings.threads, settings.workers) == (100, 20, 3)
    assert settings.models == ("a", "b")
    assert settings.log_requests is False
    assert settings.host == Settings().host
    assert read_settings(None, {"THISPLUSTHAT_CORS_ORIGINS": "http://a, http://b"}, {}).cors_origins == (
        "http://a",
        "http://b",
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("prot = 1", "'prot', which is not a setting. Did you mean 'port'?"),
        ("port = 'x'", "must be a whole number"),
        ("port = true", "must be a whole number"),
        ("port = 70000", "port is 70,000; it can be 0 to 65,535"),
        ("models = 'a'", "must be a list"),
        ("models = []", "models is empty"),
        ("port =", "is not TOML"),
        ("admin_token = 'short'", "shorter than 16"),
        ("rate_limit_key = '1/day'", "needs api_keys"),
        ("cors_origins = ['example.org']", "an origin is like"),
    ],
)
def test_wrong_settings_say_what_is_wrong(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "service.toml"
    file.write_text(text)
    with pytest.raises(SettingsError, match=re.escape(said)):
        read_settings(file, {}, {})


def test_wrong_values_in_the_environment_name_the_variable() -> None:
    with pytest.raises(SettingsError, match="THISPLUSTHAT_PORT is 'tcp://10.0.0.1:8000'"):
        read_settings(None, {"THISPLUSTHAT_PORT": "tcp://10.0.0.1:8000"}, {})
    with pytest.raises(SettingsError, match="must be true or false"):
        read_settings(None, {"THISPLUSTHAT_LOG_REQUESTS": "maybe"}, {})
    with pytest.raises(SettingsError, match="cannot be read"):
        read_settings(Path("/nowhere.toml"), {}, {})


def test_the_table_of_the_manual_is_that_of_the_settings() -> None:
    page = filled((ROOT / "docs" / "reference" / "settings.md").read_text(encoding="utf-8"))
    for entry in fields(Settings):
        help_text = entry.metadata["help"]
        assert f"| `{setting_option(entry)}` | `{entry.name}` | {shown_default(entry)} | {help_text} |" in page


def test_names_of_variables_are_those_of_the_settings() -> None:
    assert PREFIX == "THISPLUSTHAT_"
