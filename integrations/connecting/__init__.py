"""From an app in somebody's Salesforce to a checked connection, and back out again."""
