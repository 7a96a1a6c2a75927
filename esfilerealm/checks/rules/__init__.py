"""
The rules, one module for each group of codes; ``registry.all_rules`` finds them.

The rules about settings are many, so each subject has ten codes and a module:

========  ============================================================
EFR40x    ``settings_file``: ``elasticsearch.yml`` as a file
EFR41x    ``security``: whether a node asks who somebody is
EFR42x    ``tls`` up to 424, what needs TLS; ``tls_contexts``, its settings
EFR43x    ``secrets_in_settings``; 438 ``role_mappings``
EFR44x    ``hash_settings``: hashing, and FIPS mode
EFR45x    ``network``: addresses, and how a node finds its cluster
EFR46x    ``realm_chain``: the realms of a node
EFR47x    ``setting_names``: settings that a version does not know
EFR48x    ``role_definitions``: ``roles.yml``
EFR49x    ``service_tokens``
========  ============================================================
"""
