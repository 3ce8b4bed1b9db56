"""What products tell, before any is written: the bundle, the words of both languages, contents of tables and pages."""
