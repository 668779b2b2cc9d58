"""The command's nouns, a module each: `arguments(parser)` adds its options, `run(given)` does it and returns the exit status."""
