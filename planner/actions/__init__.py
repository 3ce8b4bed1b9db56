"""The plan with five verbs: what is done to existing, candidate and partner places under one budget."""
