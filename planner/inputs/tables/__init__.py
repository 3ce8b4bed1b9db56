"""Any file with rows (csv, workbook, layer) as a table of text cells whose columns were recognised.

Nothing is believed here yet: what a table must be once judged stands in ``planner/tables.py``.
"""
