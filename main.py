"""The one entry of Matchcut: the editor without arguments, its verbs with them (`main.py --help`)."""

from __future__ import annotations

import sys

from commands.program import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
