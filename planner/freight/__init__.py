"""Truck drivers and their homes: trips, flows, need, and where homes should stand."""
