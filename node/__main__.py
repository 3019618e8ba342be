"""``python -m node``: the same as the command ``skypicket``."""

import sys

from node.cli import main

sys.exit(main())
