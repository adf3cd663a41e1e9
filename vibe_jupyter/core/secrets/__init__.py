"""Secret values, encrypted in the database; everything else refers to them by name."""
