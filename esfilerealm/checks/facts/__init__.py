"""What several settings and files of a node mean together; rules ask, and nothing is found here."""
