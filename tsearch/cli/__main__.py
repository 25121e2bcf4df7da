"""`python -m tsearch.cli`: the command line."""

import sys

from tsearch.cli import main

sys.exit(main())
