"""What users state themselves: properties, witnesses, coverage."""
