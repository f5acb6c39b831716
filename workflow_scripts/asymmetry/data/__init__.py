"""Pictures: corpora, rated datasets, degradations, batches."""
