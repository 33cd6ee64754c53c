"""The tab in Salesforce: who may frame it, who opened it, and what they see."""
