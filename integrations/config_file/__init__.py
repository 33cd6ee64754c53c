"""A connection's settings, rules and mappings as a file: to keep, to compare, to bring elsewhere.

No secrets and no people are in it, but for the mappings, which name accounts by e-mail.
"""
