"""Keys of the study file: what each means, and changes to them by name."""
