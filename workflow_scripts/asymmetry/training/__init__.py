"""Everything that is trained by gradient descent."""
