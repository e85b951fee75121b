"""How the default model is made: its entries, what the text says of them, and their descriptions."""
