"""The tables and sentences that the products share, as plain values in one language.

Numbers stay numbers here; how they are printed is each product's business. No clock time and no run
time is among them (those are in ``run.json``), so that equal plans give equal products.
"""
