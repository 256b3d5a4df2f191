"""``python -m latente``."""

import sys

from latente.cli import main

sys.exit(main())
