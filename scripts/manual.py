"""What the manual takes from the code when mkdocs builds it: the command line, the settings, the API's addresses.

A page names what it wants by a line ``<!-- generated: settings -->``. Documents that lie outside of docs/ become pages
as well. mkdocs.yml names this module as a hook.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

ROOT = Path(__file__).parents[1]
OUTSIDE = ("CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "deploy/README.md")
_MARK = re.compile(r"^<!-- generated: ([\w-]+) -->$", re.MULTILINE)


def command_line() -> str:
    """Every command with its help, as a terminal of 100 columns shows it."""
    from service.cli import cli

    first = click.Context(cli, info_name="thisplusthat", terminal_width=100, **cli.context_settings)
    parts = []
    for context in _contexts(first):
        path = context.command_path.split()[1:]
        title = " ".join(path) or "thisplusthat"
        parts.append(f"{'#' * (2 + len(path))} {title}\n\n```text\n{context.get_help()}\n```\n")
    return "\n".join(parts)


def _contexts(context: click.Context) -> Iterator[click.Context]:
    yield context
    command = context.command
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            if (found := command.get_command(context, name)) is not None:
                yield from _contexts(click.Context(found, context, info_name=name, **found.context_settings))


def settings() -> str:
    """The table of settings, from the options of ``serve``."""
    from service.cli import cli

    serve = cli.get_command(click.Context(cli), "serve")
    rows = []
    for option in serve.params if serve else ():
        if isinstance(option, click.Option) and option.name != "config":
            text, _, default = (option.help or "").rpartition("  [default: ")
            rows.append(f"| `{option.opts[0]}` | `{option.name}` | {default.rstrip(']')} | {text} |")
    return "\n".join(["| option | in file and environment | default | |", "|---|---|---|---|", *rows])


def endpoints() -> str:
    """Every address of the API with its parameters, from the OpenAPI document."""
    from flask_openapi3 import OpenAPI

    from service.api import BLUEPRINTS, AnyText

    app = OpenAPI("manual", doc_ui=False)
    app.url_map.converters["anything"] = AnyText
    for blueprint in BLUEPRINTS:
        app.register_api(blueprint)
    document = app.api_doc
    parts = []
    for address, methods in document["paths"].items():
        for method, operation in methods.items():
            summary = operation.get("summary") or operation.get("description", "")
            parts.append(f"### {method.upper()} {address}\n\n{summary}\n")
            if rows := _parameters(document, operation):
                parts.append("\n".join(["| parameter | in | | |", "|---|---|---|---|", *rows]) + "\n")
    return "\n".join(parts)


def _parameters(document: dict[str, Any], operation: dict[str, Any]) -> list[str]:
    rows = [
        _row(document, entry["name"], entry["in"], entry["schema"], entry.get("required", False))
        for entry in operation.get("parameters", ())
    ]
    for content in operation.get("requestBody", {}).get("content", {}).values():
        schema = _resolved(document, content["schema"])
        for name, entry in schema.get("properties", {}).items():
            rows.append(_row(document, name, "body", entry, name in schema.get("required", ())))
    return rows


def _row(document: dict[str, Any], name: str, place: str, schema: dict[str, Any], required: bool) -> str:
    known = _resolved(document, schema)
    default = schema.get("default")
    facts = "needed" if required else f"default {default}" if default not in (None, "", []) else ""
    text = str(schema.get("description") or known.get("description", "")).replace("|", "\\|").replace("\n", " ")
    choices = known.get("enum")
    if choices:
        text += f" One of {', '.join(f'`{choice}`' for choice in choices)}."
    return f"| `{name}` | {place} | {facts} | {text} |"


def _resolved(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    reference = schema.get("$ref") or next((part.get("$ref") for part in schema.get("allOf", ())), None)
    if not reference:
        return schema
    found: dict[str, Any] = document
    for part in reference.removeprefix("#/").split("/"):
        found = found[part]
    return found


def problems() -> str:
    """Every kind of problem: what it means and what to do."""
    from service.api import PROBLEM_PAGES

    return "\n".join(
        f"## {slug}\n\n**{page.status}** {page.title}\n\n{page.meaning}\n\n{page.remedy}\n"
        for slug, page in PROBLEM_PAGES.items()
    )


GENERATED = {"command-line": command_line, "settings": settings, "endpoints": endpoints, "problems": problems}


def filled(markdown: str) -> str:
    """A page with what it takes from the code in the place of its marks."""
    return _MARK.sub(lambda found: GENERATED[found[1]](), markdown)


# ---- What mkdocs calls


def on_files(files: Any, config: Any) -> Any:
    """Documents from outside of docs/ join the pages."""
    from mkdocs.structure.files import File

    for name in OUTSIDE:
        files.append(File.generated(config, name, abs_src_path=str(ROOT / name)))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Links of documents from outside lead to the pages."""
    if page.file.src_uri in OUTSIDE:
        return (
            markdown.replace("](../docs/", "](../").replace("](docs/", "](").replace("](../README.md", "](../index.md")
        )
    return filled(markdown)
