"""`python -m prompt2sign`."""

from .cli import main

main()
