"""``python -m service.cli`` is ``thisplusthat``."""

from service.cli import main

main()
