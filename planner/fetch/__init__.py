"""What is got from outside a study: places of OpenStreetMap (from servers or a local extract), coordinates of addresses."""
