"""Who reaches what: street networks, travel times, service areas."""
