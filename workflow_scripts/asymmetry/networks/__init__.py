"""Backbones, discriminators and generators."""
