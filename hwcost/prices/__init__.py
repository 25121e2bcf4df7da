"""Profiles: prices of one technology or chip, and what the chip can hold."""
