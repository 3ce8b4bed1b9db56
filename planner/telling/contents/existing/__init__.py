"""The stations there are: their grades, and what came of earlier plans and of the map."""
