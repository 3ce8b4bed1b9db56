"""A study of one's own: begun from a few files, addresses placed, the study file described for editors."""
