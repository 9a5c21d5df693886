"""The one way in: `python run.py [command]`."""

import sys

from bot_platform.cli import main

if __name__ == "__main__":
    sys.exit(main())
