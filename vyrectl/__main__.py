"""`python -m vyrectl`."""

import sys

from vyrectl.cli.main import main

sys.exit(main())
