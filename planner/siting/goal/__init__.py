"""What a plan is after, beyond the most workers in the circle: as rows of the problem, and in words."""
