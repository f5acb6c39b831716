"""Judges: what a restored image is worth, in four families that fail differently."""
