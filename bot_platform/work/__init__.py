"""What credits buy: every module here that defines a kind of work is found by itself."""
