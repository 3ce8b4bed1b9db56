"""Any file with rows as a table of text cells."""
