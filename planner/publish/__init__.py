"""What people take away: map, workbook, report, layers."""
