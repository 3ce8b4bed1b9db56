"""What leaves the house: the plan in other programs' formats, and a hand-out for each district."""
