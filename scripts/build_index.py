"""``python scripts/build_index.py MODEL`` is ``thisplusthat index MODEL``."""

import sys

from service.cli import main

if __name__ == "__main__":
    main(["index", *sys.argv[1:]])
