"""Driver homes in the report, the workbook and the figures."""
