"""Hard use as commands: ``python -m tests.campaigns kills | fuzz | hostile | interrupts``, each with ``--count --seed --minutes``."""
