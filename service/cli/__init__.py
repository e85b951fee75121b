"""The ``thisplusthat`` command: a module for each group of commands."""

from service.cli.command import cli, main

__all__ = ["cli", "main"]
