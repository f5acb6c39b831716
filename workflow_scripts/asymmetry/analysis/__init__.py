"""From tables of scores to correlations, ranks and asymmetry."""
