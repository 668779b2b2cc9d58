"""Where a lab keeps things: SQLite for what they are, files named by digest for their bytes."""
