"""``python scripts/evaluate.py`` is ``thisplusthat evaluate``."""

import sys

from service.cli import main

if __name__ == "__main__":
    main(["evaluate", *sys.argv[1:]])
