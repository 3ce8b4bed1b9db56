"""Maximal covering where each place has options: which one each takes, within what all of them may use together."""
