"""The wheel in clean environments: lowest and newest versions, several Pythons; the pins of a release."""
