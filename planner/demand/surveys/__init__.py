"""What a survey of workers may be worth: records, how it was drawn, what in it cannot be believed."""
