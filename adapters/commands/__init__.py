"""Commands: one table of what people can call, how it is read from text, and what it does and answers."""
