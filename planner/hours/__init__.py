"""Opening hours: what they say, and when that is in a week of quarter-hours."""
