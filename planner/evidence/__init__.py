"""The plan beside what is known elsewhere: visits, past openings, another router's times."""
