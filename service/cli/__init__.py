"""The ``thisplusthat`` command: a module for each group of commands."""

from service.cli.command import main

__all__ = ["main"]
