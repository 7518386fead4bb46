"""Models that answer by rules, without a network and without a price."""
