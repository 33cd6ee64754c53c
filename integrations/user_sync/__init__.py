"""Salesforce users become accounts: read, scope, match, plan, approve, apply, log, revert."""
