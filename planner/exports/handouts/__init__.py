"""A Word document and a workbook for each district."""
