"""p-median and p-center."""
