"""What the page counts plans from: reach, workers, hours and rules, packed."""
