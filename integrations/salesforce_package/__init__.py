"""The Salesforce DX project that an admin deploys, with our address and key filled in."""
