"""Which homes to open: the problem, its bound, the plan asked for, and the plans that tie with it."""
