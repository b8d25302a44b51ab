"""`python -m genlib.cli`, for those who start a certain Python."""

from genlib.cli import main

main()
