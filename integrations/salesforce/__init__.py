"""The wire: how Salesforce is spoken to. Knows no model, no setting and no Django."""
