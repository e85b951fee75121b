"""``serve`` and ``keys`` as commands (a running server: test_server.py)."""

from dataclasses import fields
from pathlib import Path

import pytest
from click.testing import CliRunner

from service.cli.command import cli
from service.cli.serving_commands import setting_option
from service.host.protection import KeyFile
from service.host.settings import Settings, SettingsError


def test_every_setting_is_an_option_with_its_help() -> None:
    shown = " ".join(CliRunner().invoke(cli, ["serve", "--help"]).output.split())
    for entry in fields(Settings):
        assert setting_option(entry) in shown
        assert entry.metadata["help"][:30] in shown


def test_wrong_settings_end_the_command_before_anything_starts(tmp_path: Path) -> None:
    file = tmp_path / "service.toml"
    file.write_text("wokers = 3")
    for arguments, said in ((["--config", str(file)], "Did you mean 'workers'"), (["--workers", "0"], "workers is 0")):
        done = CliRunner().invoke(cli, ["serve", *arguments])
        assert isinstance(done.exception, SettingsError)
        assert said in str(done.exception)


def test_keys_are_made_listed_and_revoked(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "keys"
    run = CliRunner()
    made = run.invoke(cli, ["keys", "--file", str(file), "add", "ann"])
    key = made.stdout.strip()
    assert KeyFile(file).owner(key) == "ann"
    assert run.invoke(cli, ["keys", "--file", str(file), "list"]).stdout == "ann\n"
    monkeypatch.setenv("THISPLUSTHAT_API_KEYS", str(file))
    assert run.invoke(cli, ["keys", "revoke", "ann"]).exit_code == 0
    assert KeyFile(file).owner(key) is None
