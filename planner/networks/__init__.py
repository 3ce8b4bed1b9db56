"""The union's networks of places beside the stations: lists, candidates, plans, and the circle of all together."""
