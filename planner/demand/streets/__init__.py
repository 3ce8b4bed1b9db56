"""Where demand stands: pieces of walkable street, what each holds, and the workers there."""
