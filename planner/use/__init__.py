"""From coverage to use: which station a worker goes to, if any, as a law with priors, fitted where visits are counted."""
