"""``thisplusthat doctor``: what is installed, which kernels run, and what is wrong."""

import json
import sys
from dataclasses import asdict

import click
from rich.table import Table
from rich.text import Text

from service.cli.diagnosis import State, findings
from service.cli.display import console

_STYLES = {State.FINE: "", State.LESS: "yellow", State.WRONG: "bold red"}


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def doctor_command(*, as_json: bool) -> None:
    """Show what is installed, which compiled kernels run and why, and what is wrong.

    Versions, the level of instructions of each kernel, packages and extras, the home folder and its models. The exit
    code is 1 if something is wrong. What only makes things slower is shown, but is not an error.
    """
    found = list(findings())
    wrong = [finding for finding in found if finding.state is State.WRONG]
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in found], indent=2, ensure_ascii=False))
    else:
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
        table.add_column(no_wrap=True)
        table.add_column(overflow="fold")
        section = None
        for finding in found:
            if finding.section != section:
                section = finding.section
                table.add_row(Text(section, style="bold"), "")
            table.add_row(Text(f"  {finding.name}"), Text(finding.text, style=_STYLES[finding.state]))
        out = console()
        out.print(table)
        out.print(f"{len(wrong)} thing{'' if len(wrong) == 1 else 's'} wrong." if wrong else "Nothing is wrong.")
    if wrong:
        sys.exit(1)
