"""The training kernel: C sources, and the network of matrices that they learn in."""

from embeddings.training.kernel.network import CHUNK_WORDS, Network, Stretch, StretchTally

__all__ = ["CHUNK_WORDS", "Network", "Stretch", "StretchTally"]
