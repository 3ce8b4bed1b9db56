"""The facade: stages, store, questions, products, batch."""
