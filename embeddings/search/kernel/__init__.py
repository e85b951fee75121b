"""C sources of the search in lists, and the library that ``hatch_build.py`` makes of them."""
