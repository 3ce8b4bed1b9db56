"""OpenStreetMap files: streets, hosts, areas, turns."""
