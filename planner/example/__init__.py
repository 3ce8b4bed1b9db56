"""The embedded Suzhou: a seeded generator that writes files."""
