"""Stories with two nouns; the only place that opens transactions."""
