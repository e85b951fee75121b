"""``python scripts/train.py`` is ``thisplusthat train``."""

import sys

from service.cli import main

if __name__ == "__main__":
    main(["train", *sys.argv[1:]])
