"""Drawing: one module a figure, from a table to PNG and PDF."""
