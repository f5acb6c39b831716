"""Full-reference metrics, usable as losses, and the judges of restored images."""
