"""Infrastructure without nouns of ours: the database, leases, workers, the clock, logs."""
