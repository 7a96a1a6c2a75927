"""What a comparison of nodes looks like: on a terminal, and as a page."""
