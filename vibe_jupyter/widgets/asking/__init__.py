"""Questions to a person, asked and answered where they are: under the cell, or in the terminal."""
