"""Words in a plane: pictures of some, the map of all."""

from embeddings.plotting.picture import Projection, arrange, draw
from embeddings.plotting.vocabulary_map import MapMethod, MapParameters, VocabularyMap, make_map, open_map

__all__ = ["MapMethod", "MapParameters", "Projection", "VocabularyMap", "arrange", "draw", "make_map", "open_map"]
