"""The table of stages, theme by theme; :func:`planner.study.table.whole.table_of` puts it together."""
