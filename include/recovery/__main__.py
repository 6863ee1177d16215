"""``python -m recovery``."""

from __future__ import annotations

from recovery.cli.app import main

if __name__ == "__main__":
    main()
