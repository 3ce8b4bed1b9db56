"""The study file: every choice and assumption of a plan; frozen models that refuse unknown keys."""
