"""What is covered and where the next sites stand."""
