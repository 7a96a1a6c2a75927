"""The rules, one module for each group of codes; ``registry.all_rules`` finds them."""
