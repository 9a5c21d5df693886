"""Infrastructure that knows no noun of ours: the database, leases, workers, logs."""
