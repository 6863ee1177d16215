"""``python -m drs_recovery``."""

from __future__ import annotations

from drs_recovery.cli.app import main

if __name__ == "__main__":
    main()
