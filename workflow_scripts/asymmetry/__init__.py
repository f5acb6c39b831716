"""Perceptual metrics and discriminators: how well they assess images against how well they train networks."""
