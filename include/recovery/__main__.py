"""``python -m recovery``, as release 0.1 called the command line."""

from drs_recovery.cli.app import main

main()
