"""What the plan with five verbs tells."""
