"""The operator's pages: what came in, what waits, whose books, and the acts that change them."""
