"""Word vectors to ask: load a model, put a query, get an answer."""
