"""The command line: what `python -m hwcost` reads, prices and prints."""
