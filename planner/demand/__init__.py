"""Where outdoor workers are: per cell, group and period."""
