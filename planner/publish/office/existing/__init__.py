"""What the lists of existing stations are held against: grades, platforms, last year's plan."""
