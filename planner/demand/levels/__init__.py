"""How a density is estimated: weights, regression, observed surface; validated."""
