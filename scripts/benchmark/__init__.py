"""The measuring instrument: ``python -m scripts.benchmark``."""
