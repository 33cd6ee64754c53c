"""From Salesforce's records to activity reports: fetch, stage, evaluate, report."""
