"""An outside world with nobody behind it, for the demo and the tests."""
