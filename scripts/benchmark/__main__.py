"""``python -m scripts.benchmark``."""

from scripts.benchmark.command import main

main()
