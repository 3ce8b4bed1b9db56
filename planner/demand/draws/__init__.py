"""What draws of the density are made of."""
