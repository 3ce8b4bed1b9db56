"""Who gains: inequality of coverage, access beyond yes or no, and what lifting the worst-off district costs."""
