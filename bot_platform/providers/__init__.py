"""One module or package for each outside provider, and the choice between them."""
