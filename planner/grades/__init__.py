"""Grades of the stations there are: what they lack, what that costs, subsidy, inspection, review and exit."""
