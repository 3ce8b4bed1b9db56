"""What products say, in Chinese and English."""
