"""``thisplusthat serve``, whose options are the fields of the settings, and ``thisplusthat keys``."""

from pathlib import Path
from typing import Any

import click

from embeddings.catalogue import has_copy, home, is_in_milvus, load_model, renew
from embeddings.errors import ModelError
from embeddings.progress import Progress
from service.cli.display import progress_bar
from service.cli.field_options import Entry, field_options, option_name
from service.host import Settings, SettingsError, log, read_settings, served_models_of_app

_SINGULAR = {"models": ("--model",), "cors_origins": ("--cors-origin",)}
"""Options of lists, which may be given several times."""


def _is_milvus_file(name: str) -> bool:
    from embeddings.milvus import Address

    return Address.parse(name).file is not None


def setting_option(entry: Entry) -> str:
    """The option of a setting."""
    return _SINGULAR.get(entry.name, (option_name(entry).partition("/")[0],))[0]


def shown_default(entry: Entry) -> str:
    """A default as help and the manual show it: in the form of the settings file."""
    if isinstance(entry.default, tuple):
        return ", ".join(entry.default) or "none"
    return str(entry.default).lower() if isinstance(entry.default, bool) else str(entry.default) or "none"


@click.command("serve")
@click.option(
    "--config", type=click.Path(path_type=Path), envvar="THISPLUSTHAT_CONFIG", help="A TOML file of settings."
)
@field_options(Settings, names=_SINGULAR, describe=lambda entry: f"  [default: {shown_default(entry)}]")
def serve_command(config: Path | None, **options: Any) -> None:
    """Serve models over HTTP: the API, its documentation at /docs, and the page.

    Every option can also be set in the file (max_body_bytes = 1000000), or in the environment
    (THISPLUSTHAT_MAX_BODY_BYTES); lists are called models and cors_origins there. Options override the environment,
    and the environment overrides the file.
    """
    settings = read_settings(config, options=options)
    from service.server import listen, remove_earlier_metrics, serve

    if files := [name for name in settings.models if is_in_milvus(name) and _is_milvus_file(name)]:
        raise SettingsError(
            f"{files[0]} is a file of milvus-lite, which one process can open. To serve it, run: "
            "milvus-lite server --data-dir FILE --host 127.0.0.1 --port 19530, and serve milvus://127.0.0.1:19530/..."
        )
    listener = listen(settings)
    remove_earlier_metrics()
    for name in settings.models:
        with progress_bar(f"opening {name}") as progress:
            if has_copy(name):
                _renew(name, progress)
            if not is_in_milvus(name):
                load_model(name, progress)
    from service.mcp import import_ahead
    from service.page import compile_templates
    from service.server import create_app

    app = create_app(settings)
    compile_templates(app)
    import_ahead()
    host, port = listener.getsockname()[:2]
    address = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    names = ", ".join(served_models_of_app(app).names)
    click.echo(
        f"Serving {names} at {address} with {settings.workers} processes of {settings.threads} threads. "
        f"The API is described at {address}/docs. Ctrl-C stops it.",
        err=True,
    )
    serve(settings, listener, app)


def _renew(name: str, progress: Progress) -> None:
    """Fetch the newest version, so machines started together serve the same. If that fails, the old copy serves."""
    try:
        renew(name, progress)
    except ModelError as error:
        log("warning", "a model is served as it was fetched before", reason=str(error))


@click.group("keys")
@click.option("--file", type=click.Path(path_type=Path), help="File of the keys.  [default: the setting api_keys]")
@click.pass_context
def keys_command(context: click.Context, file: Path | None) -> None:
    """Make, list and revoke API keys for the service."""
    from service.host import KeyFile

    context.obj = KeyFile(file or Path(read_settings().api_keys or home() / "api-keys").expanduser())


@keys_command.command("add")
@click.argument("name")
@click.pass_obj
def keys_add(keys: Any, name: str) -> None:
    """Make a key called NAME and print it once: only its SHA-256 is kept."""
    click.echo(keys.add(name))
    click.echo(
        f"Kept as a hash in {keys.path}. To require keys, run: thisplusthat serve --api-keys {keys.path}", err=True
    )


@keys_command.command("list")
@click.pass_obj
def keys_list(keys: Any) -> None:
    """Print the names of the keys."""
    for name in keys.read():
        click.echo(name)


@keys_command.command("revoke")
@click.argument("name")
@click.pass_obj
def keys_revoke(keys: Any, name: str) -> None:
    """Revoke the key called NAME; a running service refuses it from the next request on."""
    keys.revoke(name)
    click.echo(f"{name} is revoked.", err=True)
