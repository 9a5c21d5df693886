"""One module per provider, and the choice between them."""
