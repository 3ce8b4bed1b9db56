"""Workbook, report, figures and CSV."""
