"""Names on the page: how they sound, and where they stand."""
