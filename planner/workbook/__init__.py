"""The workbook of a plan: its cover, a sheet for each list, and the workbooks of homes and networks alone."""
