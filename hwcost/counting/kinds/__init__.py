"""Counting of layers that are no plain weighted sum, one file per family."""
