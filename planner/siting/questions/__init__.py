"""Questions to a plan: other plans, replacements, other assumptions, the price of rules."""
