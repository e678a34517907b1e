"""Run a command again and again, each time with one fault at one of its calls."""
